#include "node-agent/app/truncations.h"

#include <algorithm>
#include <map>

#include "node-agent/plan/plan.h"

namespace podmirror::agent {
namespace {

// MTUs count IP bytes: the largest untagged frame of an interface is an Ethernet header longer, and what the path
// carries is that frame behind outer IPv4, UDP and VXLAN headers.
constexpr std::uint32_t kOverhead = PM_OUTER_ETH + (PM_OUTER_V4 - PM_OUTER_ETH);

bool WasCut(const plan::Interface& interface, std::uint64_t session, const dataplane::Counters& counters) {
  for (const auto& hook : interface.hooks) {
    if (!hook) continue;
    const std::uint32_t count = std::min<std::uint32_t>(hook->value.n_sessions, PM_MAX_SESSIONS);
    for (std::uint32_t i = 0; i < count; ++i) {
      const pm_hook_session& entry = hook->value.session[i];
      if (entry.key == session && entry.slot < counters.slots.size() &&
          counters.slots[entry.slot].packets[PM_MTU_TRUNCATED] > 0) {
        return true;
      }
    }
  }
  return false;
}

// By session: the path MTU that the largest frame of an interface needs on which copies were cut.
std::map<ObjectKey, std::uint32_t> NeededMtus(const DesiredState& desired, const plan::Observed& observed,
                                              const pods::PodLinks& links, const dataplane::Counters& counters) {
  std::map<ObjectKey, std::uint64_t> keys;
  for (const DesiredSession& session : desired.sessions) keys[session.key] = plan::SessionKey(session);
  std::map<ObjectKey, std::uint32_t> needed;
  for (const DesiredSource& source : desired.sources) {
    const auto link = links.find(source.pod);
    if (link == links.end()) continue;
    const auto interface = observed.interfaces.find(link->second.ifindex);
    if (interface == observed.interfaces.end()) continue;
    for (const Direction direction : kDirections) {
      for (const ObjectKey& session : source.sessions(direction)) {
        const auto key = keys.find(session);
        if (key == keys.end() || !WasCut(interface->second, key->second, counters)) continue;
        needed[session] = std::max(needed[session], link->second.mtu + kOverhead);
      }
    }
  }
  return needed;
}

// The narrowest usable path to a collector of the target; nullptr: none.
const routes::NextHop* Narrowest(const DesiredTarget& target, const routes::NextHops& next_hops) {
  const routes::NextHop* narrowest = nullptr;
  for (const SocketAddress& endpoint : target.endpoints) {
    const auto hop = next_hops.find(endpoint.ip);
    if (hop == next_hops.end() || !hop->second.reason.empty()) continue;
    if (narrowest == nullptr || hop->second.mtu < narrowest->mtu) narrowest = &hop->second;
  }
  return narrowest;
}

}  // namespace

std::vector<TruncationReport> Truncations(const DesiredState& desired, const plan::Observed& observed,
                                          const pods::PodLinks& links, const routes::NextHops& next_hops,
                                          const dataplane::Counters& counters) {
  const std::map<ObjectKey, std::uint32_t> needed = NeededMtus(desired, observed, links, counters);
  std::vector<TruncationReport> reports;
  for (const DesiredSession& session : desired.sessions) {
    const auto need = needed.find(session.key);
    const auto target = std::ranges::find(desired.targets, session.target, &DesiredTarget::key);
    if (need == needed.end() || target == desired.targets.end()) continue;
    const routes::NextHop* hop = Narrowest(*target, next_hops);
    if (hop == nullptr || hop->mtu >= need->second) continue;
    reports.push_back({session.key, hop->device, hop->mtu, need->second});
  }
  return reports;
}

}  // namespace podmirror::agent
