#include "node-agent/pods/look.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "contract/reasons.h"

namespace podmirror::pods {
namespace {

using netlink::Answer;
using netlink::Attributes;
using netlink::Link;

PodLink None(std::string_view reason, std::string message) {
  PodLink link;
  link.reason = reason;
  link.message = std::move(message);
  return link;
}

}  // namespace

PodLink NotFound(std::string message) { return None(reason::kInterfaceNotFound, std::move(message)); }
PodLink Unsupported(std::string message) { return None(reason::kUnsupportedInterface, std::move(message)); }

PodLink ToPodLink(const Link& link) {
  PodLink found;
  found.ifindex = link.ifindex;
  found.name = link.name;
  found.mac = link.mac;
  found.mtu = link.mtu;
  found.peer_ifindex = link.peer;
  found.peer_namespace = link.peer_namespace;
  return found;
}

bool CanBeSource(const Link& link) {
  return link.has_ethernet_header() && !link.is_loopback() && !netlink::IsOwn(link) && link.kind != "netkit";
}

std::string AddressList(const std::vector<IpAddress>& ips) {
  if (ips.empty()) return "an address of the pod (its status.podIPs is empty; write it)";
  std::string text;
  for (const IpAddress& ip : ips) text += (text.empty() ? "" : " or ") + ip.ToString();
  return text;
}

Answer<std::vector<std::pair<std::uint32_t, IpAddress>>> AddressesIn(netlink::Socket& socket, std::int32_t space) {
  netlink::Request request(RTM_GETADDR, NLM_F_DUMP);
  request.Body<ifaddrmsg>().ifa_family = AF_UNSPEC;
  request.U32(IFA_TARGET_NETNSID, static_cast<std::uint32_t>(space));
  auto answer = socket.Ask(std::move(request));
  if (!answer) return std::unexpected(answer.error());
  std::vector<std::pair<std::uint32_t, IpAddress>> addresses;
  for (const auto& message : *answer) {
    const auto* body = message.Body<ifaddrmsg>();
    if (message.type() != RTM_NEWADDR || body == nullptr) continue;
    const Attributes attributes(message, sizeof(*body));
    // On a point-to-point address IFA_ADDRESS is the other end.
    auto address = attributes.Ip(IFA_LOCAL);
    if (!address) address = attributes.Ip(IFA_ADDRESS);
    if (address) addresses.emplace_back(body->ifa_index, *address);
  }
  return addresses;
}

bool IsGone(const netlink::Failure& failure) { return failure.code == ENODEV || failure.code == EINVAL; }

}  // namespace podmirror::pods
