// Frames that need care on their way: tags, ARP, cuts, frames that the pod encapsulated itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/datapath/dataplane/mirror_world.h"
#include "tests/datapath/dataplane/traffic.h"

namespace podmirror::testing {
namespace {

using std::chrono::seconds;
using ::testing::Contains;

const Frame kNoTag;
const Frame kTag = {0x81, 0x00, 0x60, 0x2a};
const Frame kTwoTags = {0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x2a};

Frame Prefix(const Frame& frame, std::size_t bytes) {
  return Frame(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, frame.size())));
}

class FramesTest : public MirrorWorld {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp());
    Mirror();
  }

  // Sends `frame` on one side of the pod's interface and expects `copy` at the collector.
  void ExpectCopy(pm_direction direction, const Frame& frame, const Frame& copy) {
    const bool from_pod = direction == PM_EGRESS;
    const Wire side = from_pod ? OpenPod() : Wire::Open("", "pod0").value();
    const Wire collector = OpenCollector();
    ASSERT_TRUE(side.Send(frame));
    const auto begins_alike = [&frame](const Frame& inner) { return Prefix(inner, 38) == Prefix(frame, 38); };
    const auto copies = TakeCopies(collector, 1, begins_alike);
    ASSERT_FALSE(copies.empty());
    EXPECT_EQ(copies.front().inner, copy);
  }
};

TEST_F(FramesTest, TagsStayInsideTheCopy) {
  std::uint8_t number = 0;
  for (pm_direction direction : {PM_EGRESS, PM_INGRESS}) {
    for (const Frame& tags : {kNoTag, kTag, kTwoTags}) {
      const Frame frame = Echo(++number, 200, tags);
      ExpectCopy(direction, frame, frame);
    }
  }
  ExpectLaw();
}

TEST_F(FramesTest, BytesCountTheTagInTheMetadata) {
  const auto before = Slot(PM_EGRESS).bytes[PM_SENT];
  const Frame frame = Echo(1, 300, kTag);
  ExpectCopy(PM_EGRESS, frame, frame);
  EXPECT_EQ(Slot(PM_EGRESS).bytes[PM_SENT] - before, frame.size());
}

TEST_F(FramesTest, ArpIsMirroredWithAndWithoutTags) {
  for (const Frame& tags : {kNoTag, kTag, kTwoTags}) {
    Frame frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 2};
    frame.insert(frame.end(), tags.begin(), tags.end());
    frame.insert(frame.end(),
                 {8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 1, 2, 10, 1, 0, 2, 0, 0, 0, 0, 0, 0, 10, 1, 0, 99});
    frame.resize(60 + tags.size());
    ExpectCopy(PM_EGRESS, frame, frame);
    ExpectCopy(PM_INGRESS, frame, frame);
  }
  ExpectLaw();
}

TEST_F(FramesTest, PacketLengthCountsTheInnerHeaderAndTags) {
  for (std::uint16_t length : {std::uint16_t{80}, std::uint16_t{131}}) {
    PutHooks(length);
    for (pm_direction direction : {PM_EGRESS, PM_INGRESS}) {
      for (const Frame& tags : {kNoTag, kTag, kTwoTags}) {
        const Frame frame = Echo(static_cast<std::uint8_t>(length), 500, tags);
        ExpectCopy(direction, frame, Prefix(frame, length));
      }
    }
  }
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_CUT_LATE], 0u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 0u);
  ExpectLaw();
}

TEST_F(FramesTest, WhatDoesNotFitThePathIsCutAndCounted) {
  for (const Frame& tags : {kNoTag, kTag, kTwoTags}) {
    const Frame frame = Echo(1, 1500 - 28 - tags.size(), tags);
    ExpectCopy(PM_EGRESS, frame, Prefix(frame, max_inner_));
  }
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 3u);
  const Frame fits = Echo(2, max_inner_ - 42);
  ASSERT_EQ(fits.size(), max_inner_);
  ExpectCopy(PM_EGRESS, fits, fits);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 3u);
  ExpectLaw();
}

// An IPv6 packet whose UDP header lies behind `extensions` destination options of 8 bytes each.
Frame DeepIp6(std::size_t extensions, std::size_t bytes) {
  Frame frame = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2, 0x86, 0xdd, 0x60, 0, 0, 0};
  const std::size_t payload = extensions * 8 + 8 + bytes;
  frame.insert(frame.end(), {static_cast<std::uint8_t>(payload >> 8), static_cast<std::uint8_t>(payload),
                             static_cast<std::uint8_t>(extensions ? 60 : 17), 64});
  for (int host : {2, 1}) {
    frame.insert(frame.end(), {0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(host)});
  }
  for (std::size_t i = 0; i < extensions; ++i) {
    frame.insert(frame.end(), {static_cast<std::uint8_t>(i + 1 == extensions ? 17 : 60), 0, 1, 4, 0, 0, 0, 0});
  }
  const std::size_t udp = 8 + bytes;
  frame.insert(frame.end(),
               {0x30, 0x39, 0x30, 0x3a, static_cast<std::uint8_t>(udp >> 8), static_cast<std::uint8_t>(udp), 1, 1});
  frame.resize(frame.size() + bytes, 0x5a);
  return frame;
}

TEST_F(FramesTest, AHeaderBeyondTheCutMakesTheCopyLongerNotAbsent) {
  PutHooks(80);
  const Wire collector = OpenCollector();
  std::uint64_t late = 0;
  for (pm_direction direction : {PM_EGRESS, PM_INGRESS}) {
    const Wire side = direction == PM_EGRESS ? OpenPod() : Wire::Open("", "pod0").value();
    for (std::size_t extensions = 0; extensions <= 8; ++extensions) {
      const Frame frame = DeepIp6(extensions, 500);
      ASSERT_TRUE(side.Send(frame));
      const auto copies =
          TakeCopies(collector, 1, [&](const Frame& inner) { return Prefix(inner, 54) == Prefix(frame, 54); });
      ASSERT_FALSE(copies.empty()) << extensions << " extension headers";
      const Frame& inner = copies.front().inner;
      EXPECT_THAT((std::vector<std::size_t>{80, 96, 128, 192}), Contains(inner.size()));
      EXPECT_EQ(inner, Prefix(frame, inner.size()));
      late += inner.size() > 80;
    }
  }
  EXPECT_GT(late, 0u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_CUT_LATE] + Slot(PM_INGRESS).packets[PM_CUT_LATE], late);
  ExpectLaw();
}

// UDP from the pod through a vxlan device of its own.
class EncapsulatedTest : public FramesTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FramesTest::SetUp());
    Shell(
        "ip -n pod link add vx0 address 02:00:00:00:03:02 type vxlan id 5 remote 10.1.0.1 dstport 4790 dev eth0\n"
        "ip -n pod link set vx0 mtu 1450 up; ip -n pod addr add 10.3.0.2/24 dev vx0\n"
        "ip -n pod neigh add 10.3.0.1 lladdr 02:00:00:00:03:01 dev vx0");
  }

  // The datagram, and not what the kernel says over IPv6 when a device comes up. Of a copy too short to tell, any.
  static bool IsTunnel(const Frame& frame) {
    const bool is_ip6_inside = frame.size() > 63 && frame[62] == 0x86 && frame[63] == 0xdd;
    return !is_ip6_inside && frame.size() > 38 && frame[23] == 17 && frame[36] == 0x12 && frame[37] == 0xb6;
  }

  // The copy of one datagram of so many bytes, complete but for what was cut.
  void ExpectTunnelCopy(std::size_t bytes, std::size_t length) {
    Wire pod = OpenPod();
    pod.SeeOutgoing(true);
    const Wire collector = OpenCollector();
    ASSERT_TRUE(UdpFromPod("10.3.0.1", 7777, bytes));
    const auto originals = pod.Take(1, seconds(5), IsTunnel);
    ASSERT_EQ(originals.size(), 1u);
    const auto copies = TakeCopies(collector, 1, IsTunnel);
    ASSERT_EQ(copies.size(), 1u);
    const Frame& inner = copies.front().inner;
    EXPECT_EQ(inner.size(), std::min(length, originals.front().size()));
    Frame expected = Prefix(originals.front(), inner.size());
    // The capture at the pod holds a partial sum; the copy's is complete.
    constexpr std::size_t kChecksum = PM_OUTER_V4 + 14 + 20 + 6;
    for (std::size_t i = kChecksum; i < std::min(kChecksum + 2, inner.size()); ++i) expected[i] = inner[i];
    EXPECT_EQ(inner, expected);
    if (inner.size() == originals.front().size()) {
      EXPECT_TRUE(ChecksumsAreRight(Frame(inner.begin() + PM_OUTER_V4, inner.end())));
    }
  }
};

TEST_F(EncapsulatedTest, AreMirroredWhole) {
  ExpectTunnelCopy(500, 65535);
  EXPECT_GE(Slot(PM_EGRESS).packets[PM_SENT], 1u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_DROP_ENCAP], 0u);
  ExpectLaw();
}

TEST_F(EncapsulatedTest, AreCutToThePacketLength) {
  PutHooks(100);
  ExpectTunnelCopy(500, 100);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_CUT_LATE], 0u);
  ExpectLaw();
}

TEST_F(EncapsulatedTest, AreCutExactlyEvenBeforeTheirChecksum) {
  PutHooks(80);
  ExpectTunnelCopy(500, 80);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_DROP_TRUNCATE], 0u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_CUT_LATE], 0u);
  ExpectLaw();
}

TEST_F(EncapsulatedTest, AreCutToThePath) {
  ExpectTunnelCopy(1450 - 28, max_inner_);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 1u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_SEGMENTED], 1u);
  ExpectLaw();
}

}  // namespace
}  // namespace podmirror::testing
