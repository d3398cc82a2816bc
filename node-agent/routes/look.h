// The facts behind a next hop, asked of the kernel one by one.
#pragma once

#include <cstdint>
#include <optional>

#include "contract/ip.h"
#include "node-agent/netlink/link.h"
#include "node-agent/netlink/socket.h"
#include "node-agent/routes/ethtool.h"

namespace podmirror::routes {

// RTM_GETROUTE, resolved for a UDP packet of ours.
struct RouteFact {
  int refusal = 0;        // errno where the kernel has no way
  std::uint8_t type = 0;  // RTN_*
  std::uint32_t ifindex = 0;
  std::optional<IpAddress> gateway{};  // may be IPv6 (RFC 8950)
  std::optional<IpAddress> source{};
  std::uint32_t mtu = 0;  // 0: the route names none
};

struct DeviceFact {
  netlink::Link link;
  bool completes_checksums = true;
  bool has_line_rate = false;
  std::uint64_t bits_per_second = 0;
};

struct NeighbourFact {
  std::uint16_t state = 0;  // NUD_*
  std::optional<MacAddress> mac;
};

netlink::Answer<RouteFact> LookUpRoute(netlink::Socket& socket, const IpAddress& destination);
// nullopt: no such device.
netlink::Answer<std::optional<DeviceFact>> LookUpDevice(netlink::Socket& socket, Ethtool& ethtool,
                                                        std::uint32_t ifindex);
// nullopt: no entry.
netlink::Answer<std::optional<NeighbourFact>> LookUpNeighbour(netlink::Socket& socket, std::uint32_t ifindex,
                                                              const IpAddress& address);

}  // namespace podmirror::routes
