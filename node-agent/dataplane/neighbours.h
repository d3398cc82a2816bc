// Next hops that the kernel keeps resolved for us. Ours are told by NDA_PROTOCOL.
#pragma once

#include <set>

#include "contract/result.h"
#include "node-agent/plan/state.h"

namespace podmirror::dataplane {

Result<std::set<plan::Neighbour>> ObserveNeighbours();
// An entry that is there already, whoever made it, is left alone; one that has failed is tried again.
Result<void> PutNeighbour(const plan::Neighbour& neighbour);
// Only one of ours.
Result<void> RemoveNeighbour(const plan::Neighbour& neighbour);

}  // namespace podmirror::dataplane
