// Collector addresses as seen from this node: next hop, budget, neighbour, and the endpoint that the program reads.
#include <algorithm>

#include "contract/limits.h"
#include "contract/reasons.h"
#include "node-agent/plan/ids.h"
#include "node-agent/plan/lower_abi.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

// IP, UDP, VXLAN: what the route's MTU has to hold beside the inner frame.
constexpr std::uint32_t kOuter = PM_OUTER_V4 - PM_OUTER_ETH;
constexpr std::uint32_t kLongestIpPacket = 65535;
constexpr std::uint64_t kAssumedBitsPerSecond = 1'000'000'000;  // where the device's speed says nothing
constexpr std::uint64_t kLeastDepth = 256 << 10;
constexpr std::uint64_t kDepthsPerSecond = 20;  // 50 ms each

std::string At(const routes::NextHop& next_hop) { return " (device " + next_hop.device + ")"; }

void Judge(const routes::NextHops& next_hops, const SocketAddress& address, EndpointDraft& endpoint) {
  if (!address.ip.is_v4()) {
    return endpoint.fault.Say(reason::kUnsupportedEgress,
                              "copies are sent over IPv4 only; give the collector an IPv4 address");
  }
  const auto found = next_hops.find(address.ip);
  if (found == next_hops.end())
    return endpoint.fault.Say(reason::kNeighbourPending, "the way to this address is being looked up");
  const routes::NextHop& next_hop = found->second;
  endpoint.next_hop = &next_hop;
  if (!next_hop.reason.empty()) return endpoint.fault.Say(next_hop.reason, next_hop.message);
  if (!next_hop.source.is_v4() || next_hop.source.is_unspecified()) {
    return endpoint.fault.Say(reason::kNoRoute, "this node has no IPv4 address to send from" + At(next_hop));
  }
  if (next_hop.mtu < kOuter + kMinPacketLength) {
    endpoint.fault.Say(reason::kUnsupportedEgress, "the MTU of the route is " + std::to_string(next_hop.mtu) +
                                                       At(next_hop) + ", too small for copies; set it to at least " +
                                                       std::to_string(kOuter + kMinPacketLength));
  }
}

Budget BudgetOf(const NodeBudget& setting, const routes::NextHop& next_hop) {
  const bool known = next_hop.has_line_rate && next_hop.bits_per_second > 0;
  std::uint64_t bits = setting.value;
  if (setting.kind == NodeBudget::Kind::kPercent)
    bits = known ? next_hop.bits_per_second / 100 * setting.value : kAssumedBitsPerSecond;
  const std::uint64_t bytes = bits / 8;
  return Budget{next_hop.ifindex, bytes, std::max(kLeastDepth, bytes / kDepthsPerSecond)};
}

std::map<std::uint32_t, std::uint32_t> BudgetIds(const std::map<std::uint32_t, Budget>& budgets) {
  std::map<std::uint32_t, std::uint32_t> ids;  // by ifindex
  for (const auto& [id, budget] : budgets) ids.emplace(budget.ifindex, id);
  return ids;
}

// Not a device whose own packets are mirrored: there a hook must be first. Not where somebody else is before us, or a
// clone has missed the program: he might send it as it is.
bool TakesClones(const Draft& draft, const routes::NextHop& next_hop) {
  const std::uint32_t ifindex = next_hop.ifindex;
  const auto seen = draft.observed.uplinks.find(ifindex);
  return next_hop.completes_checksums && draft.observed.config.pair_only == 0 &&
         !draft.settings.pair_only.contains(ifindex) && !draft.wanted.interfaces.contains(ifindex) &&
         (seen == draft.observed.uplinks.end() || seen->second.attachment != Attachment::kNotFirst);
}

Endpoint EndpointTo(const SocketAddress& address, const routes::NextHop& next_hop, std::uint32_t budget, bool direct) {
  Endpoint endpoint;
  pm_endpoint& value = endpoint.value;
  value.ifindex = next_hop.ifindex;
  value.flags = (next_hop.completes_checksums ? 0 : PM_ENDPOINT_SEGMENT) | (direct ? PM_ENDPOINT_DIRECT : 0);
  std::ranges::copy(next_hop.smac.bytes, value.smac);
  std::ranges::copy(next_hop.dmac.bytes, value.dmac);
  value.saddr_be = LowerV4(next_hop.source);
  value.daddr_be = LowerV4(address.ip);
  value.dport = address.port;
  value.max_inner = static_cast<std::uint16_t>(std::min(next_hop.mtu, kLongestIpPacket) - kOuter);
  value.budget = budget;
  return endpoint;
}

// The way is known, so asking for the neighbour makes sense.
bool HasGateway(const EndpointDraft& endpoint) {
  const std::string& why = endpoint.fault.reason;
  return endpoint.next_hop != nullptr && endpoint.next_hop->ifindex != 0 &&
         !endpoint.next_hop->gateway.is_unspecified() &&
         (why.empty() || why == reason::kNeighbourPending || why == reason::kNeighbourFailed);
}

// Copies that end here for want of room are no fault of the network: the sources say it too.
void TellSources(Draft& draft) {
  for (const auto& [address, endpoint] : draft.endpoints) {
    if (endpoint.fault.reason != reason::kNotProgrammed) continue;
    for (SourceDraft& source : draft.sources)
      if (endpoint.sources.contains(source.desired->pod))
        source.fault.Say(reason::kNotProgrammed, "copies to " + address.ToString() + ": " + endpoint.fault.message);
  }
}

}  // namespace

void JudgeEndpoints(Draft& draft) {
  for (auto& [address, endpoint] : draft.endpoints) Judge(draft.next_hops, address, endpoint);
}

void WantBudgets(Draft& draft) {
  if (draft.settings.budget.kind == NodeBudget::Kind::kOff) return;
  IdPool ids(1, PM_MAX_BUDGETS);
  for (const auto& [id, budget] : draft.observed.budgets) ids.Use(id);
  for (const auto& [id, endpoint] : draft.observed.endpoints) ids.Use(endpoint.value.budget);
  const auto observed = BudgetIds(draft.observed.budgets);
  std::map<std::uint32_t, std::uint32_t> wanted;
  for (auto& [address, endpoint] : draft.endpoints) {
    if (!endpoint.fault.reason.empty() || wanted.contains(endpoint.next_hop->ifindex)) continue;
    const auto kept = observed.find(endpoint.next_hop->ifindex);
    const std::optional<std::uint32_t> id = kept != observed.end() ? kept->second : ids.Next();
    if (!id) {
      endpoint.fault.Say(reason::kNotProgrammed, "this node sends copies over at most " +
                                                     std::to_string(PM_MAX_BUDGETS - 1) + " devices" +
                                                     At(*endpoint.next_hop));
      continue;
    }
    wanted[endpoint.next_hop->ifindex] = *id;
    draft.wanted.budgets[*id] = BudgetOf(draft.settings.budget, *endpoint.next_hop);
  }
}

void WantNeighbours(Draft& draft) {
  for (const auto& [address, endpoint] : draft.endpoints) {
    if (!HasGateway(endpoint)) continue;
    const Neighbour neighbour{endpoint.next_hop->ifindex, endpoint.next_hop->gateway};
    const bool ours = draft.observed.neighbours.contains(neighbour);
    if (ours || endpoint.next_hop->neighbour != routes::NeighbourState::kResolved)
      draft.wanted.neighbours.insert(neighbour);
  }
}

void WantUplinks(Draft& draft) {
  for (const auto& [address, endpoint] : draft.endpoints) {
    if (endpoint.fault.reason.empty() && TakesClones(draft, *endpoint.next_hop))
      draft.wanted.uplinks[endpoint.next_hop->ifindex].attachment = Attachment::kCurrent;
  }
}

void WantEndpoints(Draft& draft) {
  IdPool ids(0, PM_MAX_ENDPOINTS);
  std::map<Endpoint, std::uint32_t> by_content;
  for (const auto& [id, endpoint] : draft.observed.endpoints) {
    ids.Use(id);
    by_content.emplace(endpoint, id);
  }
  for (const auto& [id, target] : draft.observed.targets)
    for (std::uint32_t endpoint : EndpointsOf(*target)) ids.Use(endpoint);
  const auto budgets = BudgetIds(draft.wanted.budgets);
  for (auto& [address, endpoint] : draft.endpoints) {
    if (!endpoint.fault.reason.empty()) continue;
    const auto budget = budgets.find(endpoint.next_hop->ifindex);
    const Endpoint content = EndpointTo(address, *endpoint.next_hop, budget == budgets.end() ? 0 : budget->second,
                                        draft.wanted.uplinks.contains(endpoint.next_hop->ifindex));
    const auto kept = by_content.find(content);
    endpoint.id = kept != by_content.end() ? kept->second : ids.Next();
    if (endpoint.id) {
      draft.wanted.endpoints[*endpoint.id] = content;
    } else {
      endpoint.fault.Say(reason::kNotProgrammed,
                         "this node sends copies to at most " + std::to_string(PM_MAX_ENDPOINTS) + " collectors");
    }
  }
  TellSources(draft);
}

}  // namespace podmirror::plan
