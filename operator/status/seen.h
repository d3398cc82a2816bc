// What the nodes say, found by what it is about. A report is hostile input: what it says of others' sessions and
// endpoints is not heard.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "operator/status/held.h"

namespace podmirror::status {

struct Seen {
  const std::map<NodeName, NodeState>* nodes;
  Held held;
  // Only endpoints in trouble; by node.
  std::map<SocketAddress, std::vector<std::pair<NodeName, const EndpointReport*>>> trouble;
  std::map<ObjectKey, std::pair<NodeName, const TruncationReport*>> cuts;  // the first node's
};

// `nodes` must outlive it.
Seen Look(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes);

}  // namespace podmirror::status
