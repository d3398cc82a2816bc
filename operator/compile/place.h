// Pass: sources -> the desired state of each node.
#pragma once

#include <map>
#include <vector>

#include "contract/desired_state.h"
#include "operator/compile/select_sources.h"
#include "operator/compile/shared.h"

namespace podmirror::compile {

// Nodes without a source get no state. `collectors` go to every node, `cluster_dns` where a filter asks for it.
std::map<NodeName, Shared<DesiredState>> Place(const std::vector<Source>& sources, const Verdicts& verdicts,
                                               const std::vector<SocketAddress>& collectors,
                                               const std::vector<SocketAddress>& cluster_dns);

// The addresses of all that active sessions send to, ascending.
std::vector<SocketAddress> CollectorAddresses(const std::vector<ActiveSession>& active, const Verdicts& verdicts);

}  // namespace podmirror::compile
