// What nodes hold of the sessions as they are now, by what they have applied.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "contract/names.h"
#include "operator/compile/compile.h"
#include "operator/status/reduce.h"

namespace podmirror::status {

// A pod that a node goes on mirroring for a session, which it no longer should.
struct Leftover {
  NodeName node;
  ObjectKey pod;
};

struct Held {
  std::set<std::pair<ObjectKey, ObjectKey>> unconfirmed;  // session, pod: not applied as it is now
  std::map<ObjectKey, std::vector<Leftover>> leftovers;   // by session; by node
};

Held CompareHeld(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes);

}  // namespace podmirror::status
