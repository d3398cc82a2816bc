#include "node-agent/metrics/totals.h"

#include <algorithm>
#include <iterator>

namespace podmirror::metrics {
namespace {

// What is less than before began anew.
template <std::size_t kTerms>
void AddGrowth(__u64 (&sum)[kTerms], const __u64 (&now)[kTerms], const __u64 (&before)[kTerms]) {
  const bool anew = !std::equal(std::begin(before), std::end(before), std::begin(now),
                                [](__u64 earlier, __u64 later) { return earlier <= later; });
  for (std::size_t i = 0; i < kTerms; ++i) sum[i] += anew ? now[i] : now[i] - before[i];
}

}  // namespace

void Totals::Update(const std::vector<stats::HookCount>& hooks, const std::set<std::string>& sessions) {
  std::map<Place, pm_session_counters> seen;
  for (const std::string& session : sessions) {
    for (const pm_direction direction : {PM_INGRESS, PM_EGRESS}) sums_.try_emplace({session, direction});
  }
  std::erase_if(sums_, [&](const auto& entry) { return !sessions.contains(entry.first.first); });
  for (const stats::HookCount& hook : hooks) {
    for (const stats::SessionCount& session : hook.sessions) {
      const auto sum = sums_.find({session.name, hook.direction});
      if (sum == sums_.end()) continue;
      const Place place{hook.name, session.name, hook.direction};
      const auto before = last_.find(place);
      const pm_session_counters earlier = before == last_.end() ? pm_session_counters{} : before->second;
      AddGrowth(sum->second.packets, session.counters.packets, earlier.packets);
      AddGrowth(sum->second.bytes, session.counters.bytes, earlier.bytes);
      AddGrowth(sum->second.segments, session.counters.segments, earlier.segments);
      seen[place] = session.counters;
    }
  }
  last_ = std::move(seen);
}

}  // namespace podmirror::metrics
