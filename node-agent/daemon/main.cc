#include <cstdio>
#include <variant>

#include "node-agent/daemon/daemon.h"
#include "node-agent/daemon/options.h"

int main(int argc, char** argv) {
  using namespace podmirror::daemon;
  const auto parsed = ParseOptions(argc, argv);
  if (const auto* finish = std::get_if<Finish>(&parsed)) {
    std::fputs(finish->text.c_str(), finish->exit_code == kExitDone ? stdout : stderr);
    return finish->exit_code;
  }
  const auto& options = std::get<Options>(parsed);
  return options.cleanup ? RunCleanup(options) : RunAgent(options);
}
