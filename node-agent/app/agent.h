// Wires the agent's rooms: one desired state in, reports out. The caller owns the event loop and the thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

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
  int writes = 0;    // ops applied
  int failures = 0;  // of them
};

class Agent {
 public:
  Agent(dataplane::Dataplane& dataplane, routes::Routes& routes, plan::Settings settings);

  // Observe, plan, apply; again until nothing is left to do or an op failed (a new neighbour entry may resolve
  // at once). Call it when the desired state, the pods' links or the routes have changed, and now and then.
  Outcome Reconcile(const DesiredState& desired, const pods::PodLinks& links);

  // No next hop is pending any more.
  static bool Settled(const NodeReport& report);

 private:
  dataplane::Dataplane& dataplane_;
  routes::Routes& routes_;
  plan::Settings settings_;
};

}  // namespace podmirror::agent
