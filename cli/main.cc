#include <cstdio>
#include <variant>

#include "cli/cleanup.h"
#include "cli/compile.h"
#include "cli/local.h"
#include "cli/options.h"
#include "cli/status.h"

namespace podmirror::cli {
namespace {

int Run(const Finish& finish) {
  std::fputs(finish.text.c_str(), finish.exit_code == kExitDone ? stdout : stderr);
  return finish.exit_code;
}
int Run(const LocalOptions& options) { return RunLocal(options); }
int Run(const CompileOptions& options) { return RunCompile(options); }
int Run(const StatusOptions& options) { return RunStatus(options); }
int Run(const CleanupOptions& options) { return RunCleanup(options); }

}  // namespace
}  // namespace podmirror::cli

int main(int argc, char** argv) {
  return std::visit([](const auto& options) { return podmirror::cli::Run(options); },
                    podmirror::cli::ParseCommandLine(argc, argv));
}
