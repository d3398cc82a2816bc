// Links (network devices) as rtnetlink shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/ip.h"
#include "node-agent/netlink/socket.h"

namespace podmirror::netlink {

struct Link {
  std::uint32_t ifindex = 0;
  std::string name;
  std::string kind;            // IFLA_INFO_KIND: veth, bridge, vxlan, tun, ...; empty for hardware
  std::uint16_t hardware = 0;  // ARPHRD_*
  std::uint32_t flags = 0;     // IFF_*
  MacAddress mac;              // zero where it has none of 6 bytes
  std::uint32_t mtu = 0;
  std::uint32_t peer = 0;            // IFLA_LINK: a veth's other end, a macvlan's parent
  std::int32_t peer_namespace = -1;  // IFLA_LINK_NETNSID, as this namespace numbers it; -1: the link's own namespace
  std::uint32_t master = 0;          // bridge, bond or VRF
  bool collect_metadata = false;     // a tunnel that takes its destination from each packet

  bool has_ethernet_header() const;
  bool is_loopback() const;
  bool is_up() const;
  bool has_carrier() const;
  bool resolves_neighbours() const;  // not IFF_NOARP
};

// The names of our own devices; nothing of theirs is ever a source or a way.
inline constexpr std::string_view kOwnPrefix = "pm-";
bool IsOwn(const Link& link);

inline constexpr std::int32_t kHere = -1;

// `space`: the namespace to look into, by its id here (needs CAP_NET_ADMIN), or kHere.
Answer<std::vector<Link>> Links(Socket& socket, std::int32_t space = kHere);
Answer<std::vector<Link>> LinksOfMaster(Socket& socket, std::uint32_t master);
Answer<Link> LinkByIndex(Socket& socket, std::uint32_t ifindex, std::int32_t space = kHere);
Answer<Link> LinkByName(Socket& socket, const std::string& name);  // at most 15 characters

// nullopt: not a link message.
std::optional<Link> ReadLink(const Message& message);

}  // namespace podmirror::netlink
