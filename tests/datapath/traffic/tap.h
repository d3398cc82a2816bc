// What passes an interface, with what the kernel has left to the hardware: checksums that are not computed yet, and
// super-frames that are not cut yet (struct virtio_net_hdr beside each frame, PACKET_VNET_HDR).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/wire.h"

namespace podmirror::testing {

struct Tapped {
  Frame bytes;                    // a tag that the kernel keeps beside the frame is put back
  bool sent = false;              // it left through the interface
  std::size_t checksum_from = 0;  // the sum covers what lies from here on; 0: nothing is left to do
  std::size_t checksum_at = 0;    // where the checksum stands; until then it holds the pseudo header's sum
  std::size_t segment = 0;        // payload bytes of each segment of a super-frame; 0: it is a frame
};

class Tap {
 public:
  static Result<Tap> Open(const std::string& network_namespace, const std::string& interface);
  Tap(Tap&& other) noexcept;
  Tap& operator=(Tap&&) = delete;
  ~Tap();

  // All that has passed since the last call.
  std::vector<Tapped> Take() const;
  std::uint32_t Dropped() const;

 private:
  explicit Tap(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// A frame of the wire. `checksum_at`: where the kernel would have put a checksum that it had left to the hardware.
struct WireFrame {
  Frame bytes;
  std::size_t checksum_at = 0;
};

// The frame with its checksum complete, or the segments of a super-frame (TCP, or UDP_SEGMENT) as a device cuts them.
std::vector<WireFrame> OnTheWire(const Tapped& tapped);

// The first byte behind the IP headers and all extension headers, whatever follows; of a tunnel (IP in IP, GRE) the
// frame's length. The kernel does not cut before this.
std::size_t EndOfNetworkHeaders(const Frame& frame);

// True where IPv4 header, TCP, UDP and ICMP checksums are right or there are none; IPv6 without extension headers.
bool ChecksumsAreRight(const Frame& frame);

}  // namespace podmirror::testing
