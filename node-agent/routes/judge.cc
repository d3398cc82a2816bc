#include "node-agent/routes/judge.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "contract/reasons.h"

namespace podmirror::routes {
namespace {

struct Verdict {
  std::string_view reason;
  std::string message;
};
using Objection = std::optional<Verdict>;

Verdict NoRoute(std::string message) { return {reason::kNoRoute, std::move(message)}; }
Verdict Unsupported(std::string message) { return {reason::kUnsupportedEgress, std::move(message)}; }

constexpr std::string_view kOtherAddress = "; choose a collector with an address of its own: a pod or another machine";

Objection ObjectToFamily(const IpAddress& address) {
  if (address.is_v4()) return std::nullopt;
  return Unsupported(address.ToString() +
                     " is an IPv6 address, and this version sends over IPv4 only; give the collector an IPv4 address "
                     "(the mirrored packets may be of either family)");
}

std::string WhyRefused(const std::string& address, int code) {
  switch (code) {
    case EHOSTUNREACH:
      return "a route of this node makes " + address + " unreachable; remove that route";
    case EACCES:
      return "a route or rule of this node prohibits " + address + "; remove it";
    case EINVAL:
      return "a blackhole route of this node swallows " + address + "; remove that route";
    default:
      return "this node has no route to " + address + "; add one, or correct the collector's address";
  }
}

Objection ObjectToRoute(const std::string& address, const RouteFact& route) {
  if (route.refusal != 0) return NoRoute(WhyRefused(address, route.refusal));
  switch (route.type) {
    case RTN_UNICAST:
      break;
    case RTN_LOCAL:
      return Unsupported(address + " is an address of this node itself" + std::string(kOtherAddress));
    case RTN_BROADCAST:
      return Unsupported(address + " is a broadcast address" + std::string(kOtherAddress));
    case RTN_MULTICAST:
      return Unsupported(address + " is a multicast address" + std::string(kOtherAddress));
    default:
      return NoRoute(WhyRefused(address, ENETUNREACH));
  }
  if (route.ifindex == 0) return NoRoute(WhyRefused(address, ENETUNREACH));
  if (!route.source) {
    return NoRoute("this node has no IPv4 address to send from on the route to " + address +
                   "; give the egress interface one");
  }
  return std::nullopt;
}

Objection ObjectToDevice(const std::string& address, const std::optional<DeviceFact>& device) {
  if (!device) return NoRoute("the egress interface towards " + address + " is gone");
  const netlink::Link& link = device->link;
  const std::string way = "the way to " + address + " leaves by " + link.name;
  if (!link.has_ethernet_header()) {
    const std::string kind = link.kind.empty() ? "" : " (" + link.kind + ")";
    return Unsupported(way + kind +
                       ", which has no Ethernet header (a tunnel such as tun or WireGuard); route to the "
                       "collector by another interface");
  }
  if (link.collect_metadata || link.name.starts_with("cilium_")) {
    return Unsupported(way +
                       ", which takes each packet's destination from metadata that copies do not have "
                       "(flow-based tunnel); route to the collector by another interface");
  }
  if (netlink::IsOwn(link)) {
    return Unsupported(way + ", a device of Podmirror itself; remove that route");
  }
  if (!link.is_up()) return NoRoute(way + ", which is down; `ip link set " + link.name + " up`");
  if (!link.has_carrier()) {
    return NoRoute(way + ", which has no carrier; plug in the cable, or set its other end up");
  }
  return std::nullopt;
}

Objection ObjectToNeighbour(const NextHop& hop, const netlink::Link& link) {
  const std::string who = hop.gateway.ToString() + " on " + hop.device;
  switch (hop.neighbour) {
    case NeighbourState::kResolved:
      return std::nullopt;
    case NeighbourState::kFailed:
      return Verdict{reason::kNeighbourFailed, who + " does not answer (ARP); check that it runs and is on that link"};
    case NeighbourState::kAbsent:
      if (!link.resolves_neighbours()) {
        return Unsupported(hop.device + " does not resolve neighbours (NOARP) and has no entry for " +
                           hop.gateway.ToString() + "; add one with `ip neigh add`, or route by another interface");
      }
      [[fallthrough]];
    case NeighbourState::kPending:
      break;
  }
  return Verdict{reason::kNeighbourPending, who + " has not answered yet (ARP)"};
}

void Fill(NextHop& hop, const IpAddress& address, const Facts& facts) {
  const RouteFact& route = facts.route;
  hop.gateway = NextHopAddress(address, route);
  hop.ifindex = route.ifindex;
  if (route.source) hop.source = *route.source;
  if (!facts.device) return;
  const DeviceFact& device = *facts.device;
  hop.device = device.link.name;
  hop.smac = device.link.mac;
  hop.mtu = route.mtu == 0 ? device.link.mtu : std::min(route.mtu, device.link.mtu);
  hop.completes_checksums = device.completes_checksums;
  hop.has_line_rate = device.has_line_rate;
  hop.bits_per_second = device.bits_per_second;
}

// Everything but the neighbour.
Objection ObjectToWay(const IpAddress& address, const Facts& facts) {
  if (auto objection = ObjectToFamily(address)) return objection;
  if (auto objection = ObjectToRoute(address.ToString(), facts.route)) return objection;
  return ObjectToDevice(address.ToString(), facts.device);
}

}  // namespace

IpAddress NextHopAddress(const IpAddress& address, const RouteFact& route) { return route.gateway.value_or(address); }

NeighbourState StateOf(const std::optional<NeighbourFact>& neighbour, bool failed_before) {
  constexpr std::uint16_t kUsable = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
  if (!neighbour) return NeighbourState::kAbsent;
  if ((neighbour->state & NUD_FAILED) != 0) return NeighbourState::kFailed;
  if ((neighbour->state & kUsable) != 0 && neighbour->mac) return NeighbourState::kResolved;
  // The kernel tries a managed entry again and again: FAILED, INCOMPLETE, FAILED. That is one failure, not many.
  return failed_before ? NeighbourState::kFailed : NeighbourState::kPending;
}

NextHop Judge(const IpAddress& address, const Facts& facts) {
  NextHop hop;
  Fill(hop, address, facts);
  Objection objection = ObjectToWay(address, facts);
  if (!objection) {
    hop.neighbour = StateOf(facts.neighbour, facts.failed_before);
    if (hop.neighbour == NeighbourState::kResolved) hop.dmac = *facts.neighbour->mac;
    objection = ObjectToNeighbour(hop, facts.device->link);
  }
  if (objection) {
    hop.reason = objection->reason;
    hop.message = std::move(objection->message);
  }
  return hop;
}

}  // namespace podmirror::routes
