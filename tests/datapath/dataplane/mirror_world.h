// One pod and one collector around the test's own namespace, and ops applied by hand:
//   namespace pod, eth0 10.1.0.2/24 - pod0 (10.1.0.1) [host] up0 (10.9.0.1) - eth0 10.9.0.2/24,
//   namespace col
// The uplink plays a NIC: no offloads, so what reaches the collector is what a wire would carry.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node-agent/dataplane/dataplane.h"
#include "tests/support/private_network.h"
#include "tests/support/wire.h"

namespace podmirror::testing {

inline constexpr const char* kBpffs = "/sys/fs/bpf";
inline constexpr std::uint32_t kVni = 4242;
inline constexpr std::uint16_t kVxlanPort = 4789;
inline constexpr std::uint32_t kIndex = 7;  // of the pod's interface
#ifdef PODMIRROR_TEST_DIRECT
inline constexpr bool kDirect = true;  // hooks hand their clones to pm_uplink at up0
#else
inline constexpr bool kDirect = false;  // to pm_encap at the mirror pair
#endif
inline constexpr std::uint32_t kSlots[] = {11, 12};  // by pm_direction

// A frame from the pod (10.1.0.2) to the host (10.1.0.1), header checksums right.
Frame Ip4Frame(std::uint8_t protocol, const Frame& payload, const Frame& tags = {});
// An ICMP echo request with that sequence number and so many bytes of data.
Frame Echo(std::uint8_t number, std::size_t bytes = 56, const Frame& tags = {});

// A VXLAN datagram, taken apart.
struct Copy {
  Frame outer;  // Ethernet header on
  Frame inner;
  std::uint32_t vni = 0;
  std::uint16_t source_port = 0;
};
std::optional<Copy> ReadCopy(const Frame& frame);

// Inner IPv4 header, TCP, UDP and ICMP checksums of the frame are right; others count as right.
bool ChecksumsAreRight(const Frame& inner);

class MirrorWorld : public PrivateNetwork {
 protected:
  void SetUp() override;

  void Apply(const plan::Op& op);
  plan::Observed Observe();
  // Everything for one session that mirrors both directions whole to the collector.
  void Mirror();
  // The parts of it, for tests that want others.
  pm_endpoint Endpoint() const;
  plan::Ruleset AcceptAll() const;
  plan::Target TargetOf(std::uint16_t endpoint) const;
  plan::Hook HookOf(pm_direction direction, std::uint16_t packet_length = 0) const;
  void PutHooks(std::uint16_t packet_length);

  Wire OpenPod() { return Wire::Open("pod", "eth0").value(); }
  Wire OpenCollector() { return Wire::Open("col", "eth0").value(); }
  // The next copies at the collector whose inner frame passes; fails the test where fewer come.
  std::vector<Copy> TakeCopies(const Wire& collector, std::size_t count, const Wire::Want& inner = {});

  pm_session_counters Slot(pm_direction direction);
  pm_interface_counters Interface(pm_direction direction);
  // The law of the counters at a quiet moment, with `segments` where the segmenter was used.
  void ExpectLaw();

  // Counters tell nobody when they change, so this looks again and again, for five seconds at most.
  static bool Await(const std::function<bool()>& done);

  std::unique_ptr<dataplane::Dataplane> kernel_;
  std::uint32_t pod_ifindex_ = 0;
  std::uint32_t up_ifindex_ = 0;
  std::uint16_t max_inner_ = 1464;
};

}  // namespace podmirror::testing
