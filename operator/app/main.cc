#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <variant>

#include "operator/app/app.h"
#include "operator/app/options.h"

int main(int argc, char** argv) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const std::size_t equals = text.find('='); equals != std::string::npos) {
      environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  const auto parsed = podmirror::app::ParseOptions(argc, argv, environment);
  if (const auto* finish = std::get_if<podmirror::app::Finish>(&parsed)) {
    std::fputs(finish->text.c_str(), finish->exit_code == podmirror::app::kExitDone ? stdout : stderr);
    return finish->exit_code;
  }
  return podmirror::app::RunOperator(std::get<podmirror::app::Options>(parsed), environment);
}
