#include "tests/support/wire.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

namespace podmirror::testing {
namespace {

constexpr int kBufferBytes = 64 << 20;
constexpr std::size_t kMaxFrame = 1 << 18;  // super-frames may exceed 64 KiB
using Clock = std::chrono::steady_clock;

std::unexpected<Error> SystemError(const std::string& what) { return Fail(what + ": " + std::strerror(errno)); }

bool AwaitReadable(int fd, Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0) > 0;
}

// The kernel takes the outer tag of a received frame out (tpacket_auxdata).
std::optional<tpacket_auxdata> Auxdata(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata found;
    std::memcpy(&found, CMSG_DATA(c), sizeof(found));
    return found;
  }
  return std::nullopt;
}

void PutTagBack(Frame& frame, const tpacket_auxdata& aux) {
  if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0 || frame.size() < 12) return;
  const std::uint16_t tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : ETH_P_8021Q;
  const std::array<std::uint8_t, 4> tag = {static_cast<std::uint8_t>(tpid >> 8), static_cast<std::uint8_t>(tpid),
                                           static_cast<std::uint8_t>(aux.tp_vlan_tci >> 8),
                                           static_cast<std::uint8_t>(aux.tp_vlan_tci)};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
}

}  // namespace

Result<void> Inside(const std::string& network_namespace, const std::function<Result<void>()>& work) {
  if (network_namespace.empty()) return work();
  Result<void> result;
  std::thread([&] {
    const std::string path = "/run/netns/" + network_namespace;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
      result = SystemError("enter " + path);
    } else {
      result = work();
    }
    if (fd >= 0) close(fd);
  }).join();
  return result;
}

Wire::Wire(Wire&& other) noexcept : fd_(std::exchange(other.fd_, -1)), outgoing_(other.outgoing_) {}

Wire::~Wire() {
  if (fd_ >= 0) close(fd_);
}

Result<Wire> Wire::Open(const std::string& network_namespace, const std::string& interface) {
  int fd = -1;
  const auto opened = Inside(network_namespace, [&]() -> Result<void> {
    // Protocol 0: hears nothing until it is bound, so nothing of other interfaces.
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) return SystemError("socket AF_PACKET");
    const int on = 1;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (address.sll_ifindex == 0) return Fail("there is no interface " + interface, network_namespace);
    if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(kBufferBytes)) != 0 ||
        bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return SystemError("listen on " + interface);
    }
    return {};
  });
  Wire wire(fd);
  if (!opened) return std::unexpected(opened.error());
  return wire;
}

Result<void> Wire::Send(const Frame& frame) const {
  if (send(fd_, frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size()))
    return SystemError("send a frame");
  return {};
}

std::vector<Frame> Wire::Take(std::size_t count, std::chrono::milliseconds limit, const Want& want) const {
  const auto end = Clock::now() + limit;
  std::vector<Frame> taken;
  Frame buffer(kMaxFrame);
  while (taken.size() < count && AwaitReadable(fd_, end)) {
    sockaddr_ll from{};
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
    msghdr message{&from, sizeof(from), &part, 1, control.data(), control.size(), 0};
    const ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT);
    if (size < 0 || (from.sll_pkttype == PACKET_OUTGOING && !outgoing_)) continue;
    Frame frame(buffer.begin(), buffer.begin() + size);
    if (const auto aux = Auxdata(message)) PutTagBack(frame, *aux);
    if (!want || want(frame)) taken.push_back(std::move(frame));
  }
  return taken;
}

std::uint32_t Wire::Dropped() const {
  tpacket_stats stats{};
  socklen_t size = sizeof(stats);
  getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  return stats.tp_drops;
}

UdpSink::UdpSink(UdpSink&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UdpSink::~UdpSink() {
  if (fd_ >= 0) close(fd_);
}

Result<UdpSink> UdpSink::Open(const std::string& network_namespace, std::uint16_t port) {
  int fd = -1;
  const auto opened = Inside(network_namespace, [&]() -> Result<void> {
    fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);  // [::] takes IPv4 too
    if (fd < 0) return SystemError("socket AF_INET6");
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(kBufferBytes)) != 0 ||
        bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return SystemError("bind UDP port " + std::to_string(port));
    }
    return {};
  });
  UdpSink sink(fd);
  if (!opened) return std::unexpected(opened.error());
  return sink;
}

std::vector<Frame> UdpSink::Take(std::size_t count, std::chrono::milliseconds limit) const {
  const auto end = Clock::now() + limit;
  std::vector<Frame> taken;
  Frame buffer(1 << 16);
  while (taken.size() < count && AwaitReadable(fd_, end)) {
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size >= 0) taken.emplace_back(buffer.begin(), buffer.begin() + size);
  }
  return taken;
}

}  // namespace podmirror::testing
