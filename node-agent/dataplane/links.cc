#include "node-agent/dataplane/links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "node-agent/dataplane/fd.h"
#include "node-agent/dataplane/features.h"
#include "node-agent/netlink/link.h"
#include "node-agent/netlink/socket.h"

namespace podmirror::dataplane {
namespace {

using netlink::Attributes;
using netlink::Request;
using netlink::Socket;

constexpr std::uint32_t kMtu = 65535;  // a veth drops segments above its MTU
constexpr std::uint8_t kNoAddresses = IN6_ADDR_GEN_MODE_NONE;

struct End {
  netlink::Link link;
  std::uint8_t address_mode = kNoAddresses;  // stays so where there is no IPv6

  bool is_veth() const { return link.kind == "veth"; }
};

std::unexpected<Error> Refused(const netlink::Failure& failure, std::string what, const char* device) {
  Error error = netlink::ToError(failure, std::move(what));
  error.where = device;
  return std::unexpected(std::move(error));
}

Result<std::optional<End>> ReadEnd(Socket& socket, const char* name) {
  Request request(RTM_GETLINK, 0);
  request.Body<ifinfomsg>();
  request.Text(IFLA_IFNAME, name);
  auto answer = socket.Ask(std::move(request));
  if (!answer && answer.error().code == ENODEV) return std::optional<End>();
  if (!answer) return Refused(answer.error(), "cannot read the device", name);
  const auto link = answer->empty() ? std::nullopt : netlink::ReadLink(answer->front());
  if (!link) return Fail("the kernel gave no device", name);
  End end{.link = *link};
  const Attributes families = Attributes(answer->front(), sizeof(ifinfomsg)).Nested(IFLA_AF_SPEC);
  if (const nlattr* mode = families.Nested(AF_INET6).Find(IFLA_INET6_ADDR_GEN_MODE)) {
    end.address_mode = mnl_attr_get_u8(mode);
  }
  return std::optional(std::move(end));
}

bool IsReady(const End& end) {
  return end.link.mtu == kMtu && end.link.is_up() && !end.link.resolves_neighbours() &&
         end.address_mode == kNoAddresses;
}

struct Ends {
  std::optional<End> near;
  std::optional<End> far;
  bool ArePeers() const {
    return near && far && near->is_veth() && far->is_veth() && near->link.peer == far->link.ifindex &&
           far->link.peer == near->link.ifindex;
  }
};

Result<Ends> ReadEnds(Socket& socket, const Pair& pair) {
  auto near = ReadEnd(socket, pair.near);
  if (!near) return std::unexpected(near.error());
  auto far = ReadEnd(socket, pair.far);
  if (!far) return std::unexpected(far.error());
  return Ends{*near, *far};
}

Result<PairState> StateOf(const Pair& pair, const Ends& ends) {
  PairState state;
  if (ends.near) state.near_ifindex = ends.near->link.ifindex;
  if (ends.far) state.far_ifindex = ends.far->link.ifindex;
  state.whole = ends.ArePeers() && IsReady(*ends.near) && IsReady(*ends.far);
  if (state.whole && pair.segments) {
    if (int error = HasNoOffloads(pair.near, state.whole); error < 0) {
      return FailErrno("offloads cannot be read", pair.near, -error);
    }
  }
  return state;
}

Result<void> Create(Socket& socket, const Pair& pair) {
  Request request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  request.Body<ifinfomsg>();
  request.Text(IFLA_IFNAME, pair.near).Nest(IFLA_LINKINFO, [&pair](Request& info) {
    info.Text(IFLA_INFO_KIND, "veth").Nest(IFLA_INFO_DATA, [&pair](Request& data) {
      data.Nest(VETH_INFO_PEER, [&pair](Request& peer) {
        peer.Body<ifinfomsg>();
        peer.Text(IFLA_IFNAME, pair.far);
      });
    });
  });
  if (auto done = socket.Ask(std::move(request)); !done)
    return Refused(done.error(), "cannot make the pair", pair.near);
  return {};
}

Result<void> Delete(Socket& socket, const char* name) {
  Request request(RTM_DELLINK, NLM_F_ACK);
  request.Body<ifinfomsg>();
  request.Text(IFLA_IFNAME, name);
  auto done = socket.Ask(std::move(request));
  if (!done && done.error().code != ENODEV) return Refused(done.error(), "cannot remove the device", name);
  return {};
}

// Before it is up: a device that comes up with IPv6 sends frames of its own.
Result<void> ForbidAddresses(Socket& socket, const char* name) {
  Request request(RTM_NEWLINK, NLM_F_ACK);
  request.Body<ifinfomsg>();
  request.Text(IFLA_IFNAME, name).Nest(IFLA_AF_SPEC, [](Request& families) {
    families.Nest(AF_INET6, [](Request& family) { family.U8(IFLA_INET6_ADDR_GEN_MODE, kNoAddresses); });
  });
  auto done = socket.Ask(std::move(request));
  if (!done) return Refused(done.error(), "cannot switch IPv6 addresses off", name);
  return {};
}

Result<void> BringUp(Socket& socket, const char* name) {
  Request request(RTM_NEWLINK, NLM_F_ACK);
  auto& info = request.Body<ifinfomsg>();
  info.ifi_flags = IFF_UP | IFF_NOARP;
  info.ifi_change = IFF_UP | IFF_NOARP;
  request.Text(IFLA_IFNAME, name).U32(IFLA_MTU, kMtu);
  if (auto done = socket.Ask(std::move(request)); !done) return Refused(done.error(), "cannot set the device up", name);
  return {};
}

Result<void> Mend(Socket& socket, const char* name, const End& end) {
  if (end.address_mode != kNoAddresses) {
    if (auto done = ForbidAddresses(socket, name); !done) return done;
  }
  return IsReady(end) ? Result<void>{} : BringUp(socket, name);
}

// What stands where the pair shall be and is none of its kind.
Result<void> CheckNames(const Pair& pair, const Ends& ends) {
  for (const auto& [name, end] : {std::pair(pair.near, ends.near), std::pair(pair.far, ends.far)}) {
    if (end && !end->is_veth()) {
      return Fail("a device of another kind has the name of ours", name, "rename or remove that device");
    }
  }
  return {};
}

}  // namespace

Result<PairState> ObservePair(const Pair& pair) {
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  auto ends = ReadEnds(*socket, pair);
  if (!ends) return std::unexpected(ends.error());
  return StateOf(pair, *ends);
}

Result<PairState> EnsurePair(const Pair& pair) {
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  auto ends = ReadEnds(*socket, pair);
  if (!ends) return std::unexpected(ends.error());
  if (auto free = CheckNames(pair, *ends); !free) return std::unexpected(free.error());
  if (!ends->ArePeers()) {
    for (const char* name : {pair.near, pair.far}) {
      if (auto gone = Delete(*socket, name); !gone) return std::unexpected(gone.error());
    }
    if (auto made = Create(*socket, pair); !made) return std::unexpected(made.error());
    ends = ReadEnds(*socket, pair);
    if (!ends) return std::unexpected(ends.error());
    if (!ends->ArePeers()) return Fail("veth pair vanished", pair.near);
  }
  if (pair.segments) {
    if (int error = SwitchOffloadsOff(pair.near); error < 0) {
      return FailErrno("offloads cannot be switched off", pair.near, -error);
    }
  }
  if (auto done = Mend(*socket, pair.near, *ends->near); !done) return std::unexpected(done.error());
  if (auto done = Mend(*socket, pair.far, *ends->far); !done) return std::unexpected(done.error());
  ends = ReadEnds(*socket, pair);
  if (!ends) return std::unexpected(ends.error());
  return StateOf(pair, *ends);
}

Result<bool> RemovePair(const Pair& pair) {
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  auto ends = ReadEnds(*socket, pair);
  if (!ends) return std::unexpected(ends.error());
  bool removed = false;
  for (const auto& [name, end] : {std::pair(pair.near, ends->near), std::pair(pair.far, ends->far)}) {
    if (!end || !end->is_veth()) continue;
    if (auto gone = Delete(*socket, name); !gone) return std::unexpected(gone.error());
    removed = true;
  }
  return removed;
}

}  // namespace podmirror::dataplane
