// Wires the agent's rooms: one desired state in, reports out. The caller owns the event loop and the thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "contract/node_report.h"
#include "contract/result.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/plan/plan.h"
#include "node-agent/pods/pods.h"
#include "node-agent/routes/routes.h"

namespace podmirror::agent {

// What one Reconcile() did.
struct Outcome {
  NodeReport report;
  int writes = 0;             // ops that were applied
  int failures = 0;           // what is not done at the end
  std::vector<Error> errors;  // why, for a log; what waits for a failed op is not repeated here
};

class Agent {
 public:
  using Clock = std::chrono::steady_clock;

  Agent(dataplane::Dataplane& dataplane, routes::Routes& routes, plan::Settings settings,
        std::function<Clock::time_point()> now = Clock::now);

  // Observe, plan, apply; again until nothing is left to do or only failures are (a new neighbour entry may resolve
  // at once). Call it when the desired state, the pods' links or the routes have changed, and now and then.
  // `counters`, read just before, tell whose copies were cut; without them the report says of none.
  Outcome Reconcile(const DesiredState& desired, const pods::PodLinks& links, const dataplane::Counters& counters = {});

  // No next hop is pending any more.
  static bool Settled(const NodeReport& report);

 private:
  struct Round;

  void FollowRoutes(std::vector<Error>& errors);
  Round ApplyAll(const plan::Planned& planned, const plan::Observed& observed);
  void ForgetOldAttaches();

  dataplane::Dataplane& dataplane_;
  routes::Routes& routes_;
  plan::Settings settings_;
  std::function<Clock::time_point()> now_;
  std::map<plan::AttachPoint, Clock::time_point> attached_again_;
};

}  // namespace podmirror::agent
