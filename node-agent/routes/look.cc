#include "node-agent/routes/look.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace podmirror::routes {
namespace {

using netlink::Answer;
using netlink::Attributes;
using netlink::Link;
using netlink::Message;
using netlink::Request;
using netlink::Socket;

constexpr std::uint8_t kUdp = IPPROTO_UDP;

// What the FIB answers where it has no way: fib_props in net/ipv4/fib_semantics.c (unreachable, prohibit, blackhole)
// and ENETUNREACH where nothing matches.
bool IsRefusal(int code) {
  return code == ENETUNREACH || code == EHOSTUNREACH || code == EACCES || code == EINVAL || code == ENODEV ||
         code == ENETDOWN;
}

Answer<std::vector<Message>> AskRoute(Socket& socket, const IpAddress& destination, std::uint32_t flags) {
  Request request(RTM_GETROUTE, 0);
  auto& body = request.Body<rtmsg>();
  body.rtm_family = AF_INET;
  body.rtm_dst_len = 32;
  body.rtm_flags = flags;
  request.Ip(RTA_DST, destination);
  request.U8(RTA_IP_PROTO, kUdp);
  return socket.Ask(std::move(request));
}

std::uint32_t MtuMetric(const Attributes& route) { return route.Nested(RTA_METRICS).U32(RTAX_MTU).value_or(0); }

// A path MTU that was learned from ICMP stands in the place of the route's own metric and expires. It is no reason to
// cut copies: they go without DF, so a narrow path fragments them, and anybody may send such ICMP.
bool IsLearnedMtu(const Attributes& route) {
  const nlattr* attribute = route.Find(RTA_CACHEINFO);
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < sizeof(rta_cacheinfo)) return false;
  return static_cast<const rta_cacheinfo*>(mnl_attr_get_payload(attribute))->rta_expires != 0;
}

Answer<std::uint32_t> RouteMtu(Socket& socket, const IpAddress& destination, const Attributes& resolved) {
  const std::uint32_t mtu = MtuMetric(resolved);
  if (mtu == 0 || !IsLearnedMtu(resolved)) return mtu;
  auto configured = AskRoute(socket, destination, RTM_F_FIB_MATCH);
  if (!configured) return std::unexpected(configured.error());
  return configured->empty() ? 0 : MtuMetric(Attributes(configured->front(), sizeof(rtmsg)));
}

// RTA_VIA: a gateway of the other family, behind a u16 family.
std::optional<IpAddress> Gateway(const Attributes& route) {
  if (auto gateway = route.Ip(RTA_GATEWAY)) return gateway;
  const nlattr* via = route.Find(RTA_VIA);
  if (via == nullptr || mnl_attr_get_payload_len(via) <= sizeof(rtvia)) return std::nullopt;
  return netlink::ReadIp(static_cast<const char*>(mnl_attr_get_payload(via)) + sizeof(rtvia),
                         mnl_attr_get_payload_len(via) - sizeof(rtvia));
}

// Such a device says nothing true about its speed.
bool IsVirtual(const Link& link) { return link.kind == "veth" || link.kind == "bridge" || link.kind == "tun"; }

bool PassesPartialChecksums(Ethtool& ethtool, const Link& link) {
  return link.kind == "veth" && ethtool.TakesPartialChecksums(link.name);
}

Answer<bool> CompletesChecksums(Socket& socket, Ethtool& ethtool, const Link& link) {
  if (link.kind != "bridge") return !PassesPartialChecksums(ethtool, link);
  auto ports = netlink::LinksOfMaster(socket, link.ifindex);
  if (!ports) return std::unexpected(ports.error());
  return std::ranges::none_of(*ports, [&](const Link& port) { return PassesPartialChecksums(ethtool, port); });
}

}  // namespace

Answer<RouteFact> LookUpRoute(Socket& socket, const IpAddress& destination) {
  auto answer = AskRoute(socket, destination, 0);
  if (!answer && IsRefusal(answer.error().code)) return RouteFact{.refusal = answer.error().code};
  if (!answer) return std::unexpected(answer.error());
  const auto* body = answer->empty() ? nullptr : answer->front().Body<rtmsg>();
  if (body == nullptr) return RouteFact{.refusal = ENETUNREACH};
  const Attributes route(answer->front(), sizeof(*body));
  auto mtu = RouteMtu(socket, destination, route);
  if (!mtu) return std::unexpected(mtu.error());
  RouteFact fact;
  fact.type = body->rtm_type;
  fact.ifindex = route.U32(RTA_OIF).value_or(0);
  fact.gateway = Gateway(route);
  fact.source = route.Ip(RTA_PREFSRC);
  fact.mtu = *mtu;
  return fact;
}

Answer<std::optional<DeviceFact>> LookUpDevice(Socket& socket, Ethtool& ethtool, std::uint32_t ifindex) {
  auto link = netlink::LinkByIndex(socket, ifindex);
  if (!link && link.error().code == ENODEV) return std::nullopt;
  if (!link) return std::unexpected(link.error());
  auto completes = CompletesChecksums(socket, ethtool, *link);
  if (!completes) return std::unexpected(completes.error());
  DeviceFact fact;
  fact.completes_checksums = *completes;
  fact.has_line_rate = !IsVirtual(*link);
  fact.bits_per_second = fact.has_line_rate ? ethtool.BitsPerSecond(link->name) : 0;
  fact.link = std::move(*link);
  return fact;
}

Answer<std::optional<NeighbourFact>> LookUpNeighbour(Socket& socket, std::uint32_t ifindex, const IpAddress& address) {
  Request request(RTM_GETNEIGH, 0);
  auto& body = request.Body<ndmsg>();
  body.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
  body.ndm_ifindex = static_cast<int>(ifindex);
  request.Ip(NDA_DST, address);
  auto answer = socket.Ask(std::move(request));
  if (!answer && (answer.error().code == ENOENT || answer.error().code == ENODEV)) return std::nullopt;
  if (!answer) return std::unexpected(answer.error());
  const auto* entry = answer->empty() ? nullptr : answer->front().Body<ndmsg>();
  if (entry == nullptr) return std::nullopt;
  return NeighbourFact{.state = entry->ndm_state, .mac = Attributes(answer->front(), sizeof(*entry)).Mac(NDA_LLADDR)};
}

}  // namespace podmirror::routes
