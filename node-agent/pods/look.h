// What every way of finding a pod's interface needs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "node-agent/netlink/link.h"
#include "node-agent/netlink/socket.h"
#include "node-agent/pods/pods.h"

namespace podmirror::pods {

PodLink NotFound(std::string message);
PodLink Unsupported(std::string message);
PodLink ToPodLink(const netlink::Link& link);

bool CanBeSource(const netlink::Link& link);

// "10.0.0.1 or fd00::1".
std::string AddressList(const std::vector<IpAddress>& ips);

// (ifindex there, address) of the namespace that has this id here. Needs CAP_NET_ADMIN.
netlink::Answer<std::vector<std::pair<std::uint32_t, IpAddress>>> AddressesIn(netlink::Socket& socket,
                                                                              std::int32_t space);

// ENODEV, EINVAL: a link or the namespace went away between two questions. Its events bring us here again.
bool IsGone(const netlink::Failure& failure);

}  // namespace podmirror::pods
