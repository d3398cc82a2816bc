// Super-frames: whole, cut, and through the segmenter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/datapath/dataplane/mirror_world.h"
#include "tests/datapath/dataplane/traffic.h"

namespace podmirror::testing {
namespace {

using std::chrono::seconds;

constexpr std::size_t kStream = 2 << 20;

std::uint32_t Be32(const Frame& frame, std::size_t at) {
  return static_cast<std::uint32_t>(frame[at]) << 24 |
         static_cast<std::uint32_t>(frame[at + 1] << 16 | frame[at + 2] << 8 | frame[at + 3]);
}

// A TCP segment from the pod over IPv4.
struct Segment {
  std::uint32_t sequence;
  std::size_t payload;  // offset in the frame
  std::size_t length;   // of the payload by the IP length, whatever was cut
};

std::optional<Segment> ReadSegment(const Frame& frame) {
  if (frame.size() < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != 6 || frame[29] != 2) return {};
  const std::size_t payload = 34 + (frame[46] >> 4) * 4u;
  const std::size_t end = 14u + static_cast<std::size_t>(frame[16] << 8 | frame[17]);
  if (end <= payload) return {};
  return Segment{Be32(frame, 38), payload, end - payload};
}

class SuperFramesTest : public MirrorWorld {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp()); }

  // A path on which full segments fit.
  void WidenPath() {
    Shell("ip link set up0 mtu 1600; ip -n col link set eth0 mtu 1600");
    max_inner_ = 1564;
  }
  // The uplink as it is towards a collector on the same node: it completes no checksums, so the segmenter must.
  void UseSegmenter() {
    Shell("ethtool -K up0 tx on tso on gso on >/dev/null");
    pm_endpoint endpoint = Endpoint();
    endpoint.flags = PM_ENDPOINT_SEGMENT;
    Apply(plan::PutEndpoint{3, {endpoint}});
    Apply(plan::PutTarget{5, TargetOf(3)});
  }

  // Runs a stream and returns the copies of the pod's segments with payload.
  std::vector<Frame> CopiesOfStream(const Wire& collector) {
    auto done = TcpFromPod(kStream);
    EXPECT_TRUE(done) << Describe(done.error());
    std::vector<Frame> segments;
    const auto wanted = [](const Frame& frame) {
      const auto copy = ReadCopy(frame);
      return copy && ReadSegment(copy->inner);
    };
    for (;;) {
      const auto frames = collector.Take(1, std::chrono::milliseconds(300), wanted);
      if (frames.empty()) break;
      for (const Frame& frame : frames) segments.push_back(ReadCopy(frame)->inner);
    }
    EXPECT_EQ(collector.Dropped(), 0u);
    return segments;
  }

  // The copies hold every byte of the stream, as far as `keep` bytes of each frame reach.
  void ExpectStream(const std::vector<Frame>& copies, std::size_t keep) {
    ASSERT_FALSE(copies.empty());
    std::map<std::uint32_t, std::size_t> covered;
    std::uint32_t first = ReadSegment(copies.front())->sequence;
    for (const Frame& frame : copies) first = std::min(first, ReadSegment(frame)->sequence);
    for (const Frame& frame : copies) {
      const Segment segment = *ReadSegment(frame);
      EXPECT_EQ(frame.size(), std::min(keep, segment.payload + segment.length));
      const std::size_t at = segment.sequence - first;
      for (std::size_t i = segment.payload; i < frame.size(); ++i) {
        ASSERT_EQ(frame[i], PatternAt(at + i - segment.payload)) << "byte " << at + i - segment.payload;
      }
      covered[segment.sequence - first] = std::max(covered[segment.sequence - first], segment.length);
    }
    std::size_t end = 0;
    for (const auto& [at, length] : covered) {
      ASSERT_LE(at, end) << "a gap";
      end = std::max(end, at + length);
    }
    EXPECT_EQ(end, kStream);
  }

  void ExpectSegmentsArrived() {
    const auto slot = Slot(PM_EGRESS);
    const auto& s = slot.segments;
    EXPECT_GT(s[PM_SEGMENTS_IN], 0u);
    EXPECT_EQ(s[PM_SEGMENTS_OF_SEGMENTED], s[PM_SEGMENTS_IN]);
    EXPECT_EQ(s[PM_SEGMENTS_SENT], s[PM_SEGMENTS_IN]);
    ExpectLaw();
  }
};

TEST_F(SuperFramesTest, AStreamIsMirroredAsWireSegments) {
  WidenPath();
  Mirror();
  const Wire collector = OpenCollector();
  const auto copies = CopiesOfStream(collector);
  ExpectStream(copies, 65535);
  for (const Frame& copy : copies) ASSERT_TRUE(ChecksumsAreRight(copy));
  const auto slot = Slot(PM_EGRESS);
  EXPECT_GT(slot.segments[PM_SEGMENTS_OF_SENT], slot.packets[PM_SENT]) << "there were super-frames";
  EXPECT_EQ(slot.packets[PM_SEGMENTED], 0u);
  ExpectLaw();
}

TEST_F(SuperFramesTest, SegmentsOfSentAreWhatTheCollectorCounts) {
  WidenPath();
  const Wire collector = OpenCollector();  // before the first copy
  Mirror();
  ASSERT_TRUE(TcpFromPod(kStream));
  std::size_t arrived = 0;
  const auto is_copy = [](const Frame& frame) { return ReadCopy(frame).has_value(); };
  const auto agree = [&] {
    arrived += collector.Take(kStream, std::chrono::milliseconds(200), is_copy).size();  // all there are
    return arrived == Slot(PM_EGRESS).segments[PM_SEGMENTS_OF_SENT] + Slot(PM_INGRESS).segments[PM_SEGMENTS_OF_SENT];
  };
  EXPECT_TRUE(Await(agree)) << arrived << " arrived";
  EXPECT_EQ(collector.Dropped(), 0u);
}

TEST_F(SuperFramesTest, EachSegmentIsCutToThePacketLength) {
  WidenPath();
  Mirror();
  PutHooks(128);
  const Wire collector = OpenCollector();
  ExpectStream(CopiesOfStream(collector), 128);
  ExpectSegmentsArrived();
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 0u);
}

TEST_F(SuperFramesTest, SegmentsThatDoNotFitThePathAreCut) {
  Mirror();
  const Wire collector = OpenCollector();
  ExpectStream(CopiesOfStream(collector), max_inner_);
  ExpectSegmentsArrived();
  EXPECT_GT(Slot(PM_EGRESS).packets[PM_MTU_TRUNCATED], 0u);
}

TEST_F(SuperFramesTest, TheSegmenterCompletesChecksumsForADeviceThatDoesNot) {
  WidenPath();
  Mirror();
  UseSegmenter();
  const Wire collector = OpenCollector();
  const auto copies = CopiesOfStream(collector);
  ExpectStream(copies, 65535);
  for (const Frame& copy : copies) ASSERT_TRUE(ChecksumsAreRight(copy));
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_SENT], 0u);
  ExpectSegmentsArrived();
}

TEST_F(SuperFramesTest, EveryKindOfFrameSurvivesTheSegmenter) {
  WidenPath();
  Mirror();
  UseSegmenter();
  const Wire collector = OpenCollector();
  const Wire pod = OpenPod();
  const Frame tag = {0x81, 0x00, 0x60, 0x2a}, tags = {0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x2a};
  Frame arp = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 2, 8,  6, 0, 1,
               8,    0,    6,    4,    0,    1,    2, 0, 0, 0, 1, 2, 10, 1, 0, 2};
  arp.resize(60);
  for (const Frame& frame : {Echo(1), Echo(2, 100, tag), Echo(3, 1000, tags), arp}) {
    ASSERT_TRUE(pod.Send(frame));
    const auto copies = TakeCopies(collector, 1, [&frame](const Frame& inner) { return inner == frame; });
    ASSERT_FALSE(copies.empty());
    EXPECT_TRUE(std::equal(copies[0].outer.begin(), copies[0].outer.begin() + 12,
                           (const std::uint8_t[]){2, 0, 0, 0, 9, 2, 2, 0, 0, 0, 9, 1}));
    EXPECT_TRUE(ChecksumsAreRight(copies[0].outer));
  }
  ExpectSegmentsArrived();
}

TEST_F(SuperFramesTest, UdpSuperFramesArriveAsDatagrams) {
  WidenPath();
  Mirror();
  for (bool segmenter : {false, true}) {
    if (segmenter) UseSegmenter();
    const Wire collector = OpenCollector();
    ASSERT_TRUE(UdpSuperFrameFromPod("10.1.0.1", 7777, 9500, 1000));
    const auto is_udp = [](const Frame& inner) {
      return inner.size() > 42 && inner[12] == 8 && inner[13] == 0 && inner[23] == 17;
    };
    const auto copies = TakeCopies(collector, 10, is_udp);
    ASSERT_EQ(copies.size(), 10u);
    for (std::size_t i = 0; i < copies.size(); ++i) {
      EXPECT_EQ(copies[i].inner.size(), 42u + (i < 9 ? 1000 : 500));
      EXPECT_EQ(copies[i].inner[42], PatternAt(i * 1000));
      EXPECT_TRUE(ChecksumsAreRight(copies[i].inner));
    }
  }
  ExpectLaw();
}

TEST_F(SuperFramesTest, ASegmentOfAnEndpointThatWasReplacedIsNotMisdirected) {
  Mirror();
  UseSegmenter();
  pm_endpoint other = Endpoint();
  other.flags = PM_ENDPOINT_SEGMENT;
  const Wire segmenter = Wire::Open("", "pm-seg0").value();
  const Wire collector = OpenCollector();
  // A segment as pm_encap hands it over, for endpoint 3 and slot 12 of generation 1.
  Wire near = Wire::Open("", "pm-seg1").value();
  ASSERT_TRUE(UdpFromPod("10.1.0.1", 7777, 100));
  const auto is_note = [](const Frame& frame) { return frame[0] == 2 && frame[1] == 0x4d; };
  const auto notes = near.Take(1, seconds(5), is_note);
  ASSERT_EQ(notes.size(), 1u);
  ASSERT_EQ(TakeCopies(collector, 1).size(), 1u);
  const auto before = Slot(PM_EGRESS).segments[PM_SEGMENTS_DROPPED];
  other.daddr_be = __builtin_bswap32(0x0a090063);
  Apply(plan::PutEndpoint{3, {other}});
  ASSERT_TRUE(segmenter.Send(notes.front()));
  const auto dropped = [&] { return Slot(PM_EGRESS).segments[PM_SEGMENTS_DROPPED] == before + 1; };
  EXPECT_TRUE(Await(dropped));
  // Given to a new owner, the slot counts no segment of the old one.
  Apply(plan::ResetSlot{kSlots[PM_EGRESS]});
  Apply(plan::PutEndpoint{3, {Endpoint()}});
  ASSERT_TRUE(segmenter.Send(notes.front()));
  ASSERT_EQ(TakeCopies(collector, 1).size(), 1u);
  EXPECT_EQ(Slot(PM_EGRESS).segments[PM_SEGMENTS_IN], 0u);
}

}  // namespace
}  // namespace podmirror::testing
