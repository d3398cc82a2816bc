// A path without room for the outer headers: copies are cut to it, counted, and the session says so.
#include "tests/datapath/traffic/world.h"

namespace podmirror::testing {
namespace {

using oracle::Ethernet;
using oracle::Ipv4;
using oracle::Octets;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t kPath = 1500;
constexpr std::size_t kLargestInner = kPath - 36;

class MtuTest : public TrafficWorld {
 protected:
  void SetUp() override { Build({.pod = 1500, .path = kPath}); }

  static Frame FrameOf(std::size_t size, const std::vector<unsigned>& tags = {}) {
    const std::size_t headers = 14 + tags.size() * 4 + 20;
    return Ethernet(0x0800, Ipv4{.protocol = 17, .payload = oracle::Ports(1, 2, size - headers - 4)}.Build(), tags);
  }
};

TEST_F(MtuTest, FramesThatDoNotFitThePathAreCutToIt) {
  MirrorAll("far");
  for (const auto& tags : {std::vector<unsigned>{}, {0x8100}, {0x88a8, 0x8100}}) {
    for (const std::size_t size : {kLargestInner - 1, kLargestInner, kLargestInner + 1, std::size_t{1514}}) {
      SendRaw(FrameOf(size, tags), Direction::kEgress);
    }
  }
  Check();
  EXPECT_EQ(Term("all-0", Direction::kEgress, "mtu_truncated"), 3 * 2);
  std::map<std::size_t, int> sizes;
  for (const Copy& copy : copies("far")) {
    if (copy.inner.size() > 1000) ++sizes[copy.inner.size()];  // IPv6 may have said something of its own
  }
  EXPECT_EQ(sizes, (std::map<std::size_t, int>{{kLargestInner - 1, 3}, {kLargestInner, 9}}));
}

TEST_F(MtuTest, SegmentsAndFragmentsThatDoNotFitAreCutEach) {
  for (const char* target : {"far", "near"}) {
    MirrorAll(target);
    for (const Ends& ends : Conversations()) {
      Expect(Stream(ends, 1 << 20, Taking()));
      Expect(UdpSuperFrame(ends, 20 * 1440, 1440));
      Expect(Datagrams(ends, {100, 1472, 3000, 9000}, Taking()));
      Expect(Echo(ends, 1, 3000));
    }
    Check();
    for (const Direction direction : kDirections) EXPECT_GT(Term("all-0", direction, "mtu_truncated"), 10);
  }
}

TEST_F(MtuTest, ThePacketLengthIsNoTruncationByThePath) {
  for (const std::size_t length : {std::size_t{1000}, kLargestInner}) {
    MirrorAll("far", static_cast<std::uint16_t>(length));
    for (const Ends& ends : Conversations()) {
      Expect(Stream(ends, 1 << 20, Taking()));
      Expect(Datagrams(ends, {100, 1472, 3000}, Taking()));
    }
    Check();
    for (const Direction direction : kDirections) {
      EXPECT_EQ(Term("all-" + std::to_string(length), direction, "mtu_truncated"), 0);
    }
  }
  MirrorAll("far", kLargestInner + 1);
  SendBothWays(FrameOf(1514));
  Check();
  EXPECT_EQ(Term("all-1465", Direction::kEgress, "mtu_truncated"), 1);
}

TEST_F(MtuTest, TheSessionSaysWhichMtuToSet) {
  MirrorAll("far");
  SendRaw(FrameOf(1514), Direction::kEgress);
  Check();
  ASSERT_TRUE(local().Says("MTUTruncated")) << local().err();
  for (const Json& condition : Status()["sessions"][0]["conditions"]) {
    if (condition["type"] != "Programmed") continue;
    EXPECT_EQ(condition["status"], "True");
    EXPECT_EQ(condition["reason"], "MTUTruncated");
    EXPECT_THAT(condition["message"].get<std::string>(), AllOf(HasSubstr("MTU 1500 of up0"), HasSubstr("1536")));
  }
}

}  // namespace
}  // namespace podmirror::testing
