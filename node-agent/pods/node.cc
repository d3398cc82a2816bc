#include "node-agent/pods/node.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "node-agent/netlink/link.h"
#include "node-agent/pods/follow.h"
#include "node-agent/pods/look.h"

namespace podmirror::pods {
namespace {

using netlink::Answer;
using netlink::Link;
using netlink::Socket;
using PodAddresses = std::map<ObjectKey, std::vector<IpAddress>>;

// An interface in another namespace that holds an address, and this host's end of it.
struct Holder {
  std::int32_t space = 0;
  std::string inside_kind;   // of what is there
  std::optional<Link> here;  // none: its other end is not here
};
using Holders = std::map<IpAddress, std::vector<Holder>>;

// Namespaces that a veth of ours leads into, by their ids.
std::map<std::int32_t, std::vector<Link>> Spaces(const std::vector<Link>& links) {
  std::map<std::int32_t, std::vector<Link>> spaces;
  for (const Link& link : links) {
    if (link.kind == "veth" && link.peer_namespace >= 0) spaces[link.peer_namespace].push_back(link);
  }
  return spaces;
}

Answer<Holder> HolderAt(Socket& socket, std::int32_t space, std::uint32_t ifindex, const std::vector<Link>& leading) {
  Holder holder{space, "", std::nullopt};
  auto inside = netlink::LinkByIndex(socket, ifindex, space);
  if (!inside) return std::unexpected(inside.error());
  holder.inside_kind = inside->is_loopback() ? "the loopback interface" : inside->kind;
  const auto here = std::ranges::find(leading, ifindex, &Link::peer);
  // The two must name each other: numbers mean something else in each namespace, and they are used again.
  if (here != leading.end() && inside->kind == "veth" && inside->peer == here->ifindex) holder.here = *here;
  return holder;
}

// Who holds an address that is wanted.
Answer<Holders> FindHolders(Socket& socket, const std::set<IpAddress>& wanted) {
  auto links = netlink::Links(socket);
  if (!links) return std::unexpected(links.error());
  Holders holders;
  for (const auto& [space, leading] : Spaces(*links)) {
    auto addresses = AddressesIn(socket, space);
    if (!addresses && IsGone(addresses.error())) continue;
    if (!addresses) return std::unexpected(addresses.error());
    for (const auto& [ifindex, address] : *addresses) {
      if (!wanted.contains(address)) continue;
      auto holder = HolderAt(socket, space, ifindex, leading);
      if (!holder && IsGone(holder.error())) continue;
      if (!holder) return std::unexpected(holder.error());
      holders[address].push_back(std::move(*holder));
    }
  }
  return holders;
}

// The device to which this host sends what is for the address; 0: none.
Answer<std::uint32_t> RouteTo(Socket& socket, const IpAddress& address) {
  netlink::Request request(RTM_GETROUTE, 0);
  auto& body = request.Body<rtmsg>();
  body.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  body.rtm_dst_len = address.is_v4() ? 32 : 128;
  request.Ip(RTA_DST, address);
  auto answer = socket.Ask(std::move(request));
  if (!answer || answer->empty()) return 0;  // no route is an answer
  return netlink::Attributes(answer->front(), sizeof(rtmsg)).U32(RTA_OIF).value_or(0);
}

PodLink Judge(const Holder& holder, const std::string& ip) {
  if (holder.here && CanBeSource(*holder.here)) return ToPodLink(*holder.here);
  if (holder.here) return Unsupported(holder.here->name + ", behind which " + ip + " is, cannot be a pod's interface");
  if (holder.inside_kind == "veth") {
    return Unsupported("the other end of the veth that holds " + ip + " is not in this node's network namespace");
  }
  return Unsupported(ip + " is held by " + (holder.inside_kind.empty() ? "a hardware device" : holder.inside_kind) +
                     ", not by a veth: its packets pass no interface of this node");
}

// Two namespaces hold the pod's addresses: one of them may have taken what is not its own. The node's own routes say
// whose it is where they lead to an interface and not to a bridge.
Answer<PodLink> Decide(Socket& socket, const std::vector<IpAddress>& ips, const Holders& holders) {
  for (const IpAddress& ip : ips) {
    const auto held = holders.find(ip);
    if (held == holders.end()) continue;
    auto device = RouteTo(socket, ip);
    if (!device) return std::unexpected(device.error());
    const auto routed = std::ranges::find_if(
        held->second, [&](const Holder& holder) { return holder.here && holder.here->ifindex == *device; });
    if (routed != held->second.end()) return Judge(*routed, ip.ToString());
  }
  return NotFound("several network namespaces of this node hold " + AddressList(ips) +
                  ", and its routes do not say whose that is; take the address away from where it does not belong");
}

Answer<PodLink> FindPod(Socket& socket, const std::vector<IpAddress>& ips, const Holders& holders) {
  if (ips.empty()) return NotFound("the pod has no address yet");
  std::set<std::int32_t> spaces;
  const Holder* first = nullptr;
  std::string first_ip;
  for (const IpAddress& ip : ips) {
    const auto held = holders.find(ip);
    if (held == holders.end()) continue;
    for (const Holder& holder : held->second) {
      spaces.insert(holder.space);
      if (first != nullptr) continue;
      first = &holder;
      first_ip = ip.ToString();
    }
  }
  if (first == nullptr) {
    return NotFound("no veth of this node leads to a network namespace that holds " + AddressList(ips) +
                    " (packets of a macvlan, ipvlan or hardware device pass no interface here)");
  }
  if (spaces.size() > 1) return Decide(socket, ips, holders);
  return Judge(*first, first_ip);
}

class KernelPods final : public NodePods {
 public:
  explicit KernelPods(Follower follower) : follower_(std::move(follower)) {}

  void Follow(PodAddresses pods) override {
    if (pods == pods_) return;
    pods_ = std::move(pods);
    owners_.clear();
    for (const auto& [pod, ips] : pods_) {
      for (const IpAddress& ip : ips) owners_[ip].insert(pod);
    }
    follower_.Follow([this](Socket& socket) { return LookAtAll(socket); });
  }
  int fd() const override { return follower_.fd(); }
  Result<bool> Process() override { return follower_.Process(); }
  const PodLinks& Current() const override { return follower_.Current(); }

 private:
  Answer<Looked> LookAtAll(Socket& socket) const {
    Looked looked;
    if (pods_.empty()) return looked;
    std::set<IpAddress> wanted;
    for (const auto& [ip, pods] : owners_) wanted.insert(ip);
    auto holders = FindHolders(socket, wanted);
    if (!holders) return std::unexpected(holders.error());
    for (const auto& [pod, ips] : pods_) {
      auto link = FindOwn(socket, ips, *holders);
      if (!link) return std::unexpected(link.error());
      if (link->ifindex == 0) looked.missing = true;
      looked.links.emplace(pod, std::move(*link));
    }
    return looked;
  }

  // An address goes from a pod that ends to the next one: while both are said to have it, the packets may be anybody's.
  Answer<PodLink> FindOwn(Socket& socket, const std::vector<IpAddress>& ips, const Holders& holders) const {
    for (const IpAddress& ip : ips) {
      const std::set<ObjectKey>& owners = owners_.at(ip);
      if (owners.size() < 2) continue;
      return NotFound(ip.ToString() + " is said to be the address of " + owners.begin()->ToString() + " and of " +
                      owners.rbegin()->ToString());
    }
    return FindPod(socket, ips, holders);
  }

  Follower follower_;
  PodAddresses pods_;
  std::map<IpAddress, std::set<ObjectKey>> owners_;
};

}  // namespace

Result<std::unique_ptr<NodePods>> NodePods::Open() {
  auto follower = Follower::Open();
  if (!follower) return std::unexpected(follower.error());
  return std::make_unique<KernelPods>(std::move(*follower));
}

}  // namespace podmirror::pods
