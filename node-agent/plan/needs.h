// What an op relies on, and for whom it is done.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "node-agent/plan/draft.h"

namespace podmirror::plan {

using OpNeeds = std::map<std::size_t, std::set<std::size_t>>;

// Per op the earlier ops without which it must not be done: those that make what it refers to, that take away what
// refers to the thing it removes, or that clear its place.
OpNeeds Needs(const std::vector<Op>& ops, const Observed& observed, const Observed& wanted);

// An op serves the sources whose packets it is for, and whatever needs it.
std::map<std::size_t, std::set<ObjectKey>> SourcesOfOps(const std::vector<Op>& ops, const OpNeeds& needs,
                                                        const Draft& draft);

}  // namespace podmirror::plan
