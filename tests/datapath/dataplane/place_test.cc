// The hook is first on the host's end of the pod's interface: which drops of others a copy sees, and which not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/datapath/dataplane/mirror_world.h"

namespace podmirror::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;

class HookPlace : public MirrorWorld {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp());
    Mirror();
    // Somebody behind the host who talks to the pod.
    Shell(
        "ip netns add peer; ip link add dev peer0 address 02:00:00:00:08:01 type veth peer name eth0 netns peer\n"
        "ip addr add 10.8.0.1/24 dev peer0; ip link set dev peer0 up; sysctl -qw net.ipv4.ip_forward=1\n"
        "ip -n peer addr add 10.8.0.2/24 dev eth0; ip -n peer link set dev eth0 up\n"
        "ip neigh replace 10.1.0.2 lladdr 02:00:00:00:01:02 dev pod0");
  }

  // Sent by the peer to the pod by way of the host.
  static Frame FromPeer(std::uint8_t number) {
    Frame frame = Echo(number);
    frame[4] = 8;                                           // to the host's end, 02:00:00:00:08:01
    for (std::size_t at : {26, 27, 28, 29}) frame[at] = 0;  // 10.8.0.2 > 10.1.0.2; the checksum follows
    const Frame source = {10, 8, 0, 2}, destination = {10, 1, 0, 2};
    std::copy(source.begin(), source.end(), frame.begin() + 26);
    std::copy(destination.begin(), destination.end(), frame.begin() + 30);
    std::uint32_t sum = 0;
    frame[24] = frame[25] = 0;
    for (std::size_t at = 14; at < 34; at += 2) sum += frame[at] << 8 | frame[at + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    frame[24] = static_cast<std::uint8_t>(~sum >> 8);
    frame[25] = static_cast<std::uint8_t>(~sum);
    return frame;
  }

  static Wire::Want IsEcho(std::uint8_t number) {
    return [number](const Frame& frame) {
      return frame.size() > 42 && frame[23] == 1 && frame[34] == 8 && frame[41] == number;
    };
  }
};

TEST_F(HookPlace, EgressPacketsThatAPolicyDropsLaterAreMirrored) {
  Shell("ip rule add iif pod0 blackhole");
  const Wire collector = OpenCollector();
  const Wire pod = OpenPod();
  ASSERT_TRUE(pod.Send(Echo(1)));
  EXPECT_EQ(TakeCopies(collector, 1, IsEcho(1)).size(), 1u);
  ExpectLaw();
}

TEST_F(HookPlace, IngressPacketsThatAreDroppedBeforeItAreNotMirrored) {
  const Wire collector = OpenCollector();
  const Wire peer = Wire::Open("peer", "eth0").value();
  Shell("ip rule add iif peer0 blackhole");
  ASSERT_TRUE(peer.Send(FromPeer(1)));
  Shell("ip rule del iif peer0 blackhole");
  ASSERT_TRUE(peer.Send(FromPeer(2)));
  const auto any = [](const Frame& inner) { return IsEcho(1)(inner) || IsEcho(2)(inner); };
  const auto copies = TakeCopies(collector, 1, any);
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_TRUE(IsEcho(2)(copies.front().inner)) << "the first one never came to the pod's interface";
  ExpectLaw();
}

TEST_F(HookPlace, IngressPacketsThatALaterProgramTakesAwayAreMirrored) {
  Shell(
      "tc qdisc add dev pod0 clsact; tc filter add dev pod0 egress protocol all "
      "u32 match u32 0 0 action mirred egress redirect dev lo");
  const Wire collector = OpenCollector();
  const Wire pod = OpenPod();
  const Wire peer = Wire::Open("peer", "eth0").value();
  ASSERT_TRUE(peer.Send(FromPeer(1)));
  EXPECT_EQ(TakeCopies(collector, 1, IsEcho(1)).size(), 1u);
  EXPECT_TRUE(pod.Take(1, milliseconds(100), IsEcho(1)).empty()) << "the later program takes it away";
  ExpectLaw();
}

}  // namespace
}  // namespace podmirror::testing
