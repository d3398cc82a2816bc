#include "cli/cleanup.h"

#include <cstdio>
#include <string>
#include <vector>

#include "cli/log.h"
#include "node-agent/dataplane/dataplane.h"

namespace podmirror::cli {

int RunCleanup(const CleanupOptions& options) {
  const Result<std::vector<std::string>> removed = dataplane::Cleanup(options.bpffs);
  if (!removed.has_value()) {
    Say(removed.error());
    return kExitFailed;
  }
  for (const std::string& item : *removed) std::printf("removed %s\n", OneLine(item).c_str());
  if (removed->empty()) std::puts("nothing of podmirror was here");
  return kExitDone;
}

}  // namespace podmirror::cli
