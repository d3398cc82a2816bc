// Pods: which interface on this host is the pod's. Observes, changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "contract/ip.h"
#include "contract/names.h"

namespace podmirror::pods {

// The host-side interface of a pod, or why there is none.
struct PodLink {
  std::uint32_t ifindex = 0;  // 0: none, see reason
  std::string name;
  MacAddress mac;
  std::uint32_t mtu = 0;             // IP bytes
  std::uint32_t peer_ifindex = 0;    // inside the pod
  std::int32_t peer_namespace = -1;  // IFLA_LINK_NETNSID; -1: this one
  std::string reason;                // InterfaceNotFound, UnsupportedInterface
  std::string message;

  bool operator==(const PodLink&) const = default;
};

using PodLinks = std::map<ObjectKey, PodLink>;

}  // namespace podmirror::pods
