#include "node-agent/routes/routes.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <utility>

#include "node-agent/netlink/link.h"
#include "node-agent/netlink/socket.h"
#include "node-agent/routes/judge.h"
#include "node-agent/routes/look.h"

namespace podmirror::routes {
namespace {

using netlink::Answer;
using netlink::Attributes;
using netlink::Message;

using Neighbour = std::pair<std::uint32_t, IpAddress>;  // ifindex, address

class KernelRoutes final : public Routes {
 public:
  KernelRoutes(netlink::Socket socket, netlink::Listener listener, Ethtool ethtool)
      : socket_(std::move(socket)), listener_(std::move(listener)), ethtool_(std::move(ethtool)) {}

  void Follow(std::set<IpAddress> addresses) override;
  int fd() const override { return listener_.fd(); }
  Result<bool> Process() override;
  const NextHops& Current() const override { return current_; }

 private:
  bool Concerns(const Message& event) const;
  Answer<bool> LookAtAll();
  Answer<NextHop> LookAt(const IpAddress& address, std::map<std::uint32_t, std::optional<DeviceFact>>& devices);
  Answer<std::optional<NeighbourFact>> LookAtNeighbour(const Neighbour& neighbour);

  netlink::Socket socket_;
  netlink::Listener listener_;
  Ethtool ethtool_;
  std::set<IpAddress> followed_;
  NextHops current_;
  std::set<Neighbour> neighbours_;  // asked for in the last look
  std::set<Neighbour> failed_;      // seen FAILED, not resolved or gone since
  bool outdated_ = false;           // the last look failed
};

void KernelRoutes::Follow(std::set<IpAddress> addresses) {
  if (addresses == followed_) return;
  followed_ = std::move(addresses);
  // What fails here is tried again, and told, by Process().
  outdated_ = !LookAtAll();
}

Result<bool> KernelRoutes::Process() {
  bool concerned = std::exchange(outdated_, false);
  auto lost = listener_.Drain([&](const Message& event) { concerned = concerned || Concerns(event); });
  if (!lost) {
    outdated_ = true;
    return std::unexpected(ToError(lost.error(), "cannot follow routes"));
  }
  if (!concerned && !*lost) return false;
  auto changed = LookAtAll();
  if (!changed) {
    outdated_ = true;
    return std::unexpected(ToError(changed.error(), "cannot look up next hops"));
  }
  return *changed;
}

// A node's neighbour tables are busy, so only our next hops' entries count. Links, routes and addresses change rarely,
// and each may turn any way: a link that goes down takes IPv4 routes along without telling (fib_sync_down_dev).
bool KernelRoutes::Concerns(const Message& event) const {
  if (event.type() != RTM_NEWNEIGH && event.type() != RTM_DELNEIGH) return true;
  const auto* body = event.Body<ndmsg>();
  if (body == nullptr) return true;
  const auto address = Attributes(event, sizeof(*body)).Ip(NDA_DST);
  return address && neighbours_.contains({static_cast<std::uint32_t>(body->ndm_ifindex), *address});
}

Answer<bool> KernelRoutes::LookAtAll() {
  neighbours_.clear();
  std::map<std::uint32_t, std::optional<DeviceFact>> devices;
  NextHops found;
  for (const IpAddress& address : followed_) {
    auto hop = LookAt(address, devices);
    if (!hop) return std::unexpected(hop.error());
    found.emplace(address, std::move(*hop));
  }
  std::erase_if(failed_, [&](const Neighbour& neighbour) { return !neighbours_.contains(neighbour); });
  if (found == current_) return false;
  current_ = std::move(found);
  return true;
}

Answer<NextHop> KernelRoutes::LookAt(const IpAddress& address,
                                     std::map<std::uint32_t, std::optional<DeviceFact>>& devices) {
  Facts facts;
  if (!address.is_v4()) return Judge(address, facts);
  auto route = LookUpRoute(socket_, address);
  if (!route) return std::unexpected(route.error());
  facts.route = *route;
  if (route->ifindex == 0) return Judge(address, facts);

  auto known = devices.find(route->ifindex);
  if (known == devices.end()) {
    auto device = LookUpDevice(socket_, ethtool_, route->ifindex);
    if (!device) return std::unexpected(device.error());
    known = devices.emplace(route->ifindex, std::move(*device)).first;
  }
  facts.device = known->second;

  const Neighbour neighbour{route->ifindex, NextHopAddress(address, *route)};
  facts.failed_before = failed_.contains(neighbour);
  auto entry = LookAtNeighbour(neighbour);
  if (!entry) return std::unexpected(entry.error());
  facts.neighbour = *entry;
  return Judge(address, facts);
}

Answer<std::optional<NeighbourFact>> KernelRoutes::LookAtNeighbour(const Neighbour& neighbour) {
  neighbours_.insert(neighbour);
  auto entry = LookUpNeighbour(socket_, neighbour.first, neighbour.second);
  if (!entry) return entry;
  switch (StateOf(*entry, false)) {
    case NeighbourState::kFailed:
      failed_.insert(neighbour);
      break;
    case NeighbourState::kPending:
      break;
    case NeighbourState::kAbsent:
    case NeighbourState::kResolved:
      failed_.erase(neighbour);
      break;
  }
  return entry;
}

}  // namespace

Result<std::unique_ptr<Routes>> Routes::Open() {
  auto socket = netlink::Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  // RTNLGRP_NEXTHOP (5.3): routes that refer to nexthop objects.
  auto listener = netlink::Listener::Open(
      {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_RULE, RTNLGRP_NEXTHOP});
  if (!listener) return std::unexpected(listener.error());
  auto ethtool = Ethtool::Open();
  if (!ethtool) return std::unexpected(ethtool.error());
  return std::make_unique<KernelRoutes>(std::move(*socket), std::move(*listener), std::move(*ethtool));
}

}  // namespace podmirror::routes
