// One look: where is this pod's host-side interface now?
#pragma once

#include "node-agent/netlink/socket.h"
#include "node-agent/pods/local.h"
#include "node-agent/pods/pods.h"

namespace podmirror::pods {

inline constexpr std::string_view kNetnsFolder = "/run/netns";

// What the pod's place cannot give is said in the link (reason, message); a failure is one of netlink itself.
netlink::Answer<PodLink> Find(netlink::Socket& socket, const LocalPlace& place);

}  // namespace podmirror::pods
