// `podmirror-agent`: the operator's state on this node's kernel. One thread, one poll(); the stream and the port for
// scrapers have threads of their own.
#pragma once

#include "node-agent/daemon/options.h"

namespace podmirror::daemon {

int RunAgent(const Options& options);
// All that is ours in the kernel, and the state file.
int RunCleanup(const Options& options);

}  // namespace podmirror::daemon
