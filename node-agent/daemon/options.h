// The command line of `podmirror-agent` as values.
#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "node-agent/link/link.h"
#include "node-agent/plan/plan.h"
#include "process/log.h"

namespace podmirror::daemon {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Options {
  link::Settings link;  // an empty address: no operator, only what lies in the state file
  std::string node_name;
  std::string state_file;
  std::string bpffs;
  std::string listen;  // empty: no port
  plan::Settings plan;
  std::chrono::milliseconds resync{5000};
  process::Level log_level = process::Level::kInfo;
  bool cleanup = false;
};

// Nothing to run: print `text` (on stdout where the exit code is 0, else on stderr).
struct Finish {
  int exit_code = kExitDone;
  std::string text;
};

std::variant<Options, Finish> ParseOptions(int argc, const char* const* argv);

}  // namespace podmirror::daemon
