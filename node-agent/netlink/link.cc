#include "node-agent/netlink/link.h"

// <net/if.h> and <linux/if.h> define the same flags; the latter has IFF_LOWER_UP as well.
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace podmirror::netlink {
namespace {

Request LinkRequest(std::uint16_t flags, std::uint32_t ifindex, std::int32_t space) {
  Request request(RTM_GETLINK, flags);
  auto& body = request.Body<ifinfomsg>();
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = static_cast<int>(ifindex);
  request.U32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (space != kHere) request.U32(IFLA_TARGET_NETNSID, static_cast<std::uint32_t>(space));
  return request;
}

Answer<Link> AskOne(Socket& socket, Request request) {
  auto answer = socket.Ask(std::move(request));
  if (!answer) return std::unexpected(answer.error());
  for (const Message& message : *answer) {
    if (auto link = ReadLink(message)) return *link;
  }
  return std::unexpected(Failure{ENODEV, ""});
}

Answer<std::vector<Link>> AskAll(Socket& socket, Request request) {
  auto answer = socket.Ask(std::move(request));
  if (!answer) return std::unexpected(answer.error());
  std::vector<Link> links;
  for (const Message& message : *answer) {
    if (auto link = ReadLink(message)) links.push_back(std::move(*link));
  }
  return links;
}

bool CollectsMetadata(const std::string& kind, const Attributes& data) {
  if (kind == "vxlan") return data.Flag(IFLA_VXLAN_COLLECT_METADATA);
  if (kind == "geneve") return data.Flag(IFLA_GENEVE_COLLECT_METADATA);
  if (kind == "gretap" || kind == "ip6gretap" || kind == "erspan" || kind == "ip6erspan") {
    return data.Flag(IFLA_GRE_COLLECT_METADATA);
  }
  return false;
}

}  // namespace

bool Link::has_ethernet_header() const { return hardware == ARPHRD_ETHER; }
bool Link::is_loopback() const { return (flags & IFF_LOOPBACK) != 0; }
bool Link::is_up() const { return (flags & IFF_UP) != 0; }
bool Link::has_carrier() const { return (flags & IFF_LOWER_UP) != 0; }
bool Link::resolves_neighbours() const { return (flags & IFF_NOARP) == 0; }

bool IsOwn(const Link& link) { return link.name.starts_with(kOwnPrefix); }

Answer<std::vector<Link>> Links(Socket& socket, std::int32_t space) {
  return AskAll(socket, LinkRequest(NLM_F_DUMP, 0, space));
}

Answer<std::vector<Link>> LinksOfMaster(Socket& socket, std::uint32_t master) {
  Request request = LinkRequest(NLM_F_DUMP, 0, kHere);
  request.U32(IFLA_MASTER, master);
  return AskAll(socket, std::move(request));
}

Answer<Link> LinkByIndex(Socket& socket, std::uint32_t ifindex, std::int32_t space) {
  return AskOne(socket, LinkRequest(0, ifindex, space));
}

Answer<Link> LinkByName(Socket& socket, const std::string& name) {
  Request request = LinkRequest(0, 0, kHere);
  request.Text(IFLA_IFNAME, name);
  return AskOne(socket, std::move(request));
}

std::optional<Link> ReadLink(const Message& message) {
  const auto* body = message.Body<ifinfomsg>();
  if (message.type() != RTM_NEWLINK || body == nullptr) return std::nullopt;
  const Attributes attributes(message, sizeof(*body));
  Link link;
  link.ifindex = static_cast<std::uint32_t>(body->ifi_index);
  link.hardware = body->ifi_type;
  link.flags = body->ifi_flags;
  link.name = attributes.Text(IFLA_IFNAME);
  link.mac = attributes.Mac(IFLA_ADDRESS).value_or(MacAddress{});
  link.mtu = attributes.U32(IFLA_MTU).value_or(0);
  link.peer = attributes.U32(IFLA_LINK).value_or(0);
  link.master = attributes.U32(IFLA_MASTER).value_or(0);
  link.peer_namespace = static_cast<std::int32_t>(attributes.U32(IFLA_LINK_NETNSID).value_or(-1));
  const Attributes info = attributes.Nested(IFLA_LINKINFO);
  link.kind = info.Text(IFLA_INFO_KIND);
  link.collect_metadata = CollectsMetadata(link.kind, info.Nested(IFLA_INFO_DATA));
  return link;
}

}  // namespace podmirror::netlink
