// One reading of the kernel for metrics: sessions by name, the law of the counters, how full the maps are.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/metrics/text.h"
#include "node-agent/plan/state.h"
#include "node-agent/pods/pods.h"
#include "node-agent/stats/law.h"

namespace podmirror::daemon {

std::vector<stats::HookCount> NamedCounts(const DesiredState& desired, const pods::PodLinks& links,
                                          const plan::Observed& observed, const dataplane::Counters& counters);
std::set<std::string> SessionNames(const DesiredState& desired);
std::vector<metrics::MapFill> MapFills(const plan::Observed& observed);
// Those with a program of ours on both hooks.
std::uint64_t AttachedInterfaces(const plan::Observed& observed);

}  // namespace podmirror::daemon
