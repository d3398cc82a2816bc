// Which sessions' copies were cut because they did not fit the path. Pure.
#pragma once

#include <vector>

#include "contract/desired_state.h"
#include "contract/node_report.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/plan/state.h"
#include "node-agent/pods/pods.h"
#include "node-agent/routes/routes.h"

namespace podmirror::agent {

// `counters` and `observed` are of one moment. A session is told as long as its copies were cut and a path to one of
// its collectors is still too narrow for the largest frame of the interface where that happened: the count never goes
// back, so a path that has been widened ends it.
std::vector<TruncationReport> Truncations(const DesiredState& desired, const plan::Observed& observed,
                                          const pods::PodLinks& links, const routes::NextHops& next_hops,
                                          const dataplane::Counters& counters);

}  // namespace podmirror::agent
