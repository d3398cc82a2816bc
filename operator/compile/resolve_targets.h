// Passes: what filters and targets are worth by themselves.
#pragma once

#include <map>

#include "operator/compile/compile.h"
#include "operator/compile/endpoints.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

std::map<ObjectKey, FilterVerdict> JudgeFilters(const store::Snapshot& snapshot);

std::map<ObjectKey, TargetVerdict> ResolveTargets(const store::Snapshot& snapshot, const SlicesByService& slices,
                                                  const Settings& settings);

// The endpoints that copies may go to, ascending.
std::vector<SocketAddress> UsableEndpoints(const TargetVerdict& target);

}  // namespace podmirror::compile
