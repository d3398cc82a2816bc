#include "operator/compile/compile.h"

#include "operator/compile/allot_vnis.h"
#include "operator/compile/cluster_dns.h"
#include "operator/compile/endpoints.h"
#include "operator/compile/judge_sessions.h"
#include "operator/compile/place.h"
#include "operator/compile/resolve_targets.h"
#include "operator/compile/select_sources.h"

namespace podmirror::compile {

std::vector<IpAddress> Settings::DefaultNodeLocalDns() { return {IpAddress::V4({169, 254, 20, 10})}; }

Compiled Compile(const store::Snapshot& snapshot, const Settings& settings) {
  Compiled out;
  Verdicts& verdicts = out.verdicts;
  const SlicesByService slices = IndexSlices(snapshot.endpoint_slices);

  verdicts.filters = JudgeFilters(snapshot);
  verdicts.targets = ResolveTargets(snapshot, slices, settings);
  JudgeSessions(snapshot, verdicts);
  AllotVnis(snapshot, verdicts.sessions);
  JudgeActivity(snapshot, verdicts.sessions);

  const std::vector<ActiveSession> active = ListActive(snapshot, verdicts.sessions);
  const std::vector<SelectedPod> selected = SelectPods(snapshot, active);
  NoteTies(selected);
  const std::vector<Source> sources = JudgeSources(selected, FindCollectors(active, verdicts), snapshot);

  out.states =
      Place(sources, verdicts, CollectorAddresses(active, verdicts), FindClusterDns(snapshot, slices, settings));
  out.next_change = NextExpiry(snapshot);
  return out;
}

}  // namespace podmirror::compile
