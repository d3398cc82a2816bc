// The tests' own instruments: what is sent is what is captured.
#include "tests/support/wire.h"

#include <chrono>
#include <stdexcept>

#include "tests/support/private_network.h"

namespace podmirror::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WireTest : public PrivateNetwork {
 protected:
  void SetUp() override {
    PrivateNetwork::SetUp();
    Shell(
        "ip netns add left; ip netns add right\n"
        "ip link add netns left name a address 02:00:00:00:00:0a type veth peer name b netns right\n"
        "ip -n left link set dev a up addrgenmode none; ip -n right link set dev b up addrgenmode none\n"
        "ip -n left addr add 10.0.0.1/24 dev a; ip -n right addr add 10.0.0.2/24 dev b\n");
  }

  static Wire Open(const std::string& network_namespace, const std::string& interface) {
    auto wire = Wire::Open(network_namespace, interface);
    if (!wire) throw std::runtime_error(Describe(wire.error()));
    return std::move(*wire);
  }

  // Broadcast, of an ethertype for experiments (IEEE 802).
  static Frame Numbered(std::uint8_t number, Frame tag = {}) {
    Frame frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1};
    frame.insert(frame.end(), tag.begin(), tag.end());
    frame.insert(frame.end(), {0x88, 0xb5, number});
    frame.resize(60);
    return frame;
  }

  static bool Ours(const Frame& frame) { return frame.size() == 60 && frame[6] == 2 && frame[11] == 1; }
};

TEST_F(WireTest, WhatIsSentIsCapturedInOrder) {
  const Wire left = Open("left", "a"), right = Open("right", "b");
  for (std::uint8_t n = 0; n < 100; ++n) ASSERT_TRUE(left.Send(Numbered(n)));
  const auto frames = right.Take(100, seconds(5), Ours);
  ASSERT_EQ(frames.size(), 100u);
  for (std::uint8_t n = 0; n < 100; ++n) EXPECT_EQ(frames[n], Numbered(n));
  EXPECT_EQ(right.Dropped(), 0u);
}

TEST_F(WireTest, ATagThatTheKernelTakesOutIsPutBack) {
  const Wire left = Open("left", "a"), right = Open("right", "b");
  for (const Frame& tag : {Frame{0x81, 0x00, 0x00, 0x2a}, Frame{0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x2a}}) {
    ASSERT_TRUE(left.Send(Numbered(1, tag)));
    EXPECT_EQ(right.Take(1, seconds(5), Ours), std::vector<Frame>{Numbered(1, tag)});
  }
}

TEST_F(WireTest, WhatLeavesIsSeenOnlyWhenAskedFor) {
  const Wire left = Open("left", "a");
  Wire other = Open("left", "a");
  ASSERT_TRUE(left.Send(Numbered(1)));
  EXPECT_TRUE(other.Take(1, milliseconds(50), Ours).empty());
  other.SeeOutgoing(true);
  ASSERT_TRUE(left.Send(Numbered(2)));
  EXPECT_EQ(other.Take(1, seconds(5), Ours), std::vector<Frame>{Numbered(2)});
}

TEST_F(WireTest, AnUnknownInterfaceOrNamespaceIsAnError) {
  EXPECT_FALSE(Wire::Open("left", "nothing"));
  EXPECT_FALSE(Wire::Open("nowhere", "a"));
}

TEST_F(WireTest, AUdpSinkTakesOnlyDatagramsWithARightChecksum) {
  const Wire left = Open("left", "a");
  auto sink = UdpSink::Open("right", 4000);
  ASSERT_TRUE(sink);
  Shell("ip -n right link set dev b address 02:00:00:00:00:0b");
  Frame frame = {2,    0,    0,    0,    0, 0x0b, 2,    0,    0,   0,  0,    0x0a, 8,  0,  // Ethernet
                 0x45, 0,    0,    30,   0, 0,    0,    0,    64,  17, 0x66, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2,  // IPv4
                 0x0f, 0xa0, 0x0f, 0xa0, 0, 10,   0x64, 0x2e, 'h', 'i'};  // UDP 4000 to 4000
  ASSERT_TRUE(left.Send(frame));
  EXPECT_EQ(sink->Take(1, seconds(5)), (std::vector<Frame>{{'h', 'i'}}));
  frame[41] ^= 1;
  ASSERT_TRUE(left.Send(frame));
  EXPECT_TRUE(sink->Take(1, milliseconds(100)).empty());
}

}  // namespace
}  // namespace podmirror::testing
