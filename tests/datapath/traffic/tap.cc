#include "tests/datapath/traffic/tap.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace podmirror::testing {
namespace {

constexpr int kBufferBytes = 64 << 20;
constexpr std::size_t kMaxFrame = 1 << 18;  // super-frames may exceed 64 KiB
constexpr std::size_t kTagAt = 12;
constexpr std::size_t kTagBytes = 4;

// struct virtio_net_hdr; its header does not compile as C++ here.
struct LeftToHardware {
  std::uint8_t flags;
  std::uint8_t gso_type;
  std::uint16_t header_length;
  std::uint16_t gso_size;
  std::uint16_t checksum_start;
  std::uint16_t checksum_offset;
};
static_assert(sizeof(LeftToHardware) == 10);
constexpr std::uint8_t kNeedsChecksum = 1;

// Where the kernel took the outermost tag out, puts it back.
bool PutTagBack(msghdr& message, Frame& frame) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(c), sizeof(aux));
    if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0 || frame.size() < kTagAt) return false;
    const std::uint16_t type = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : ETH_P_8021Q;
    const std::array<std::uint8_t, kTagBytes> tag = {
        static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type),
        static_cast<std::uint8_t>(aux.tp_vlan_tci >> 8), static_cast<std::uint8_t>(aux.tp_vlan_tci)};
    frame.insert(frame.begin() + kTagAt, tag.begin(), tag.end());
    return true;
  }
  return false;
}

}  // namespace

Tap::Tap(Tap&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Tap::~Tap() {
  if (fd_ >= 0) close(fd_);
}

Result<Tap> Tap::Open(const std::string& network_namespace, const std::string& interface) {
  int fd = -1;
  const auto opened = Inside(network_namespace, [&]() -> Result<void> {
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // protocol 0: hears nothing until it is bound
    if (fd < 0) return Fail(std::string("socket AF_PACKET: ") + std::strerror(errno));
    const int on = 1;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(kBufferBytes)) != 0 ||
        address.sll_ifindex == 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return Fail("listen on " + interface + ": " + std::strerror(errno), network_namespace);
    }
    return {};
  });
  Tap tap(fd);
  if (!opened) return std::unexpected(opened.error());
  return tap;
}

std::vector<Tapped> Tap::Take() const {
  std::vector<Tapped> taken;
  Frame buffer(kMaxFrame);
  for (;;) {
    sockaddr_ll from{};
    LeftToHardware left{};
    iovec parts[] = {{&left, sizeof(left)}, {buffer.data(), buffer.size()}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
    msghdr message{&from, sizeof(from), parts, 2, control.data(), control.size(), 0};
    const ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return taken;
    if (size < static_cast<ssize_t>(sizeof(left))) continue;
    Tapped tapped;
    tapped.bytes.assign(buffer.begin(), buffer.begin() + size - static_cast<ssize_t>(sizeof(left)));
    tapped.sent = from.sll_pkttype == PACKET_OUTGOING;
    const std::size_t moved = PutTagBack(message, tapped.bytes) ? kTagBytes : 0;
    if ((left.flags & kNeedsChecksum) != 0) {
      tapped.checksum_from = left.checksum_start + moved;
      tapped.checksum_at = tapped.checksum_from + left.checksum_offset;
    }
    if (left.gso_type != 0) tapped.segment = left.gso_size;
    taken.push_back(std::move(tapped));
  }
}

std::uint32_t Tap::Dropped() const {
  tpacket_stats stats{};
  socklen_t size = sizeof(stats);
  getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  return stats.tp_drops;
}

}  // namespace podmirror::testing
