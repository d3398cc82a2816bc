#include "node-agent/dataplane/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "node-agent/netlink/socket.h"

namespace podmirror::dataplane {
namespace {

// Who made a neighbour entry: enum rt_protos, linux/rtnetlink.h, where up to 199 are named and 0x70 is free.
constexpr std::uint8_t kProtocol = 0x70;

using netlink::Attributes;
using netlink::Message;
using netlink::Request;
using netlink::Socket;

std::unexpected<Error> Refused(const netlink::Failure& failure, std::string what, const plan::Neighbour& neighbour) {
  Error error = netlink::ToError(failure, std::move(what));
  error.where = "neighbour " + neighbour.address.ToString() + " on ifindex " + std::to_string(neighbour.ifindex);
  return std::unexpected(std::move(error));
}

Request About(std::uint16_t type, std::uint16_t flags, const plan::Neighbour& neighbour, std::uint8_t entry_flags = 0) {
  Request request(type, flags);
  auto& entry = request.Body<ndmsg>();
  entry.ndm_family = neighbour.address.is_v4() ? AF_INET : AF_INET6;
  entry.ndm_ifindex = static_cast<int>(neighbour.ifindex);
  entry.ndm_state = NUD_NONE;
  entry.ndm_flags = entry_flags;
  request.Ip(NDA_DST, neighbour.address);
  return request;
}

bool IsOurs(const Attributes& attributes) {
  const nlattr* protocol = attributes.Find(NDA_PROTOCOL);
  return protocol != nullptr && mnl_attr_get_u8(protocol) == kProtocol;
}

bool HasFailed(Socket& socket, const plan::Neighbour& neighbour) {
  auto answer = socket.Ask(About(RTM_GETNEIGH, 0, neighbour));
  if (!answer || answer->empty()) return false;
  const auto* entry = answer->front().Body<ndmsg>();
  return entry != nullptr && entry->ndm_state == NUD_FAILED;
}

}  // namespace

Result<std::set<plan::Neighbour>> ObserveNeighbours() {
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  Request request(RTM_GETNEIGH, NLM_F_DUMP);
  request.Body<ndmsg>();
  auto answer = socket->Ask(std::move(request));
  if (!answer) return std::unexpected(netlink::ToError(answer.error(), "cannot read neighbours"));
  std::set<plan::Neighbour> found;
  for (const Message& message : *answer) {
    const auto* entry = message.Body<ndmsg>();
    if (entry == nullptr) continue;
    const Attributes attributes(message, sizeof(*entry));
    const auto address = attributes.Ip(NDA_DST);
    if (address && IsOurs(attributes)) found.insert({static_cast<std::uint32_t>(entry->ndm_ifindex), *address});
  }
  return found;
}

Result<void> PutNeighbour(const plan::Neighbour& neighbour) {
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  Request request = About(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, neighbour);
  request.U8(NDA_PROTOCOL, kProtocol).U32(NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  auto done = socket->Ask(std::move(request));
  // The kernel keeps the entry of a failed attempt and tries again only when somebody sends.
  if (!done && done.error().code == EEXIST && HasFailed(*socket, neighbour)) {
    done = socket->Ask(About(RTM_NEWNEIGH, NLM_F_ACK, neighbour, NTF_USE));
  }
  if (!done && done.error().code != EEXIST) return Refused(done.error(), "cannot make the entry", neighbour);
  return {};
}

Result<void> RemoveNeighbour(const plan::Neighbour& neighbour) {
  auto ours = ObserveNeighbours();
  if (!ours) return std::unexpected(ours.error());
  if (!ours->contains(neighbour)) return {};
  auto socket = Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  auto done = socket->Ask(About(RTM_DELNEIGH, NLM_F_ACK, neighbour));
  if (!done && done.error().code != ENOENT && done.error().code != ENODEV) {
    return Refused(done.error(), "cannot remove the entry", neighbour);
  }
  return {};
}

}  // namespace podmirror::dataplane
