// The command line as values.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "contract/result.h"
#include "node-agent/plan/plan.h"
#include "node-agent/plan/settings_text.h"
#include "operator/compile/compile.h"

namespace podmirror::cli {

// 0: done. 1: nothing could be done. 2: asked wrongly.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

enum class Format { kTable, kJson };

struct LocalOptions {
  std::string folder;
  bool once = false;
  compile::Settings compile;
  plan::Settings plan;
  std::string bpffs;
};

struct CompileOptions {
  std::string folder;
  compile::Settings compile;
  Format format = Format::kTable;
};

struct StatusOptions {
  Format format = Format::kTable;
  std::string bpffs;
};

struct CleanupOptions {
  std::string bpffs;
};

// Nothing to run: print `text` (on stdout where the exit code is 0, else on stderr).
struct Finish {
  int exit_code = kExitDone;
  std::string text;
};

using Command = std::variant<LocalOptions, CompileOptions, StatusOptions, CleanupOptions, Finish>;

Command ParseCommandLine(int argc, const char* const* argv);

using plan::ParseNodeBudget;
// "kube-system/kube-dns".
Result<ObjectKey> ParseServiceName(std::string_view text);

}  // namespace podmirror::cli
