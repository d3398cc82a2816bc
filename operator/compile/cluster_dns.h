// Pass: where the cluster's name service answers.
#pragma once

#include <vector>

#include "operator/compile/compile.h"
#include "operator/compile/endpoints.h"

namespace podmirror::compile {

// Port 53 of the DNS Service's cluster IPs and of the node-local caches, and its ready endpoints at their target
// port, ascending. The trust rule does not apply: nothing is sent there.
std::vector<SocketAddress> FindClusterDns(const store::Snapshot& snapshot, const SlicesByService& slices,
                                          const Settings& settings);

}  // namespace podmirror::compile
