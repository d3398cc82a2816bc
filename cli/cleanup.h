// `podmirror cleanup`: removes all that is ours from this host.
#pragma once

#include "cli/options.h"

namespace podmirror::cli {

int RunCleanup(const CleanupOptions& options);

}  // namespace podmirror::cli
