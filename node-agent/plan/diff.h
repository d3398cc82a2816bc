// (observed, wanted) -> ops, in the order that keeps every reference whole after each single op.
#pragma once

#include <vector>

#include "node-agent/plan/op.h"
#include "node-agent/plan/state.h"

namespace podmirror::plan {

// First what is in the way of a new owner (a reused ifindex), then additions from the referents to the references,
// then removals from the references to the referents. The loop guard is first in and last out.
std::vector<Op> Diff(const Observed& observed, const Observed& wanted);

}  // namespace podmirror::plan
