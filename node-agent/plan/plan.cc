#include "node-agent/plan/plan.h"

#include "node-agent/plan/diff.h"
#include "node-agent/plan/needs.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {

Planned Plan(const DesiredState& desired, const Observed& observed, const pods::PodLinks& links,
             const routes::NextHops& next_hops, const Settings& settings) {
  Draft draft{desired, observed, links, next_hops, settings};
  IndexNames(draft);
  ChooseInterfaces(draft);
  WantSettings(draft);
  WantSockets(draft);
  JudgeEndpoints(draft);
  WantBudgets(draft);
  WantNeighbours(draft);
  WantUplinks(draft);
  WantEndpoints(draft);
  WantTargets(draft);
  WantHooks(draft);

  Planned planned;
  planned.ops = Diff(observed, draft.wanted);
  planned.needs = Needs(planned.ops, observed, draft.wanted);
  planned.sources_of_op = SourcesOfOps(planned.ops, planned.needs, draft);
  planned.report = Report(draft);
  return planned;
}

std::set<IpAddress> AddressesToFollow(const DesiredState& desired) {
  std::set<IpAddress> addresses;
  for (const DesiredTarget& target : desired.targets)
    for (const SocketAddress& endpoint : target.endpoints)
      if (endpoint.ip.is_v4()) addresses.insert(endpoint.ip);
  return addresses;
}

bool HeldBack(const Planned& planned, std::size_t op, const std::set<std::size_t>& not_done) {
  const auto needs = planned.needs.find(op);
  if (needs == planned.needs.end()) return false;
  for (std::size_t need : needs->second)
    if (not_done.contains(need)) return true;
  return false;
}

}  // namespace podmirror::plan
