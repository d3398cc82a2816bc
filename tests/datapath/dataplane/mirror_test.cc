// Real packets through the real programs, with ops applied by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/datapath/dataplane/mirror_world.h"

namespace podmirror::testing {
namespace {

using MirrorTest = MirrorWorld;

bool IsIcmp(const Frame& frame) { return frame.size() > 34 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1; }

std::vector<Frame> InnerOf(const std::vector<Copy>& copies) {
  std::vector<Frame> inner;
  for (const Copy& copy : copies) inner.push_back(copy.inner);
  return inner;
}

TEST_F(MirrorTest, PingArrivesAtTheCollectorInBothDirections) {
  Mirror();
  Wire collector = OpenCollector();
  Wire pod = OpenPod();
  for (std::uint8_t n = 1; n <= 3; ++n) ASSERT_TRUE(pod.Send(Echo(n)));
  const auto replies = pod.Take(3, std::chrono::seconds(5), IsIcmp);
  ASSERT_EQ(replies.size(), 3u);
  const auto copies = TakeCopies(collector, 6, IsIcmp);
  for (const Copy& copy : copies) {
    EXPECT_EQ(copy.vni, kVni);
    EXPECT_EQ(copy.source_port & 0xff00, 0xc000);
    EXPECT_EQ(copy.source_port, copies.front().source_port) << "one flow, one port";
    EXPECT_TRUE(ChecksumsAreRight(copy.outer));
  }
  for (std::uint8_t n = 1; n <= 3; ++n) EXPECT_THAT(InnerOf(copies), ::testing::Contains(Echo(n)));
  for (const Frame& reply : replies) EXPECT_THAT(InnerOf(copies), ::testing::Contains(reply));
  ExpectLaw();
  EXPECT_GE(Slot(PM_EGRESS).packets[PM_SENT], 3u);
  EXPECT_GE(Slot(PM_INGRESS).packets[PM_SENT], 3u);
}

}  // namespace
}  // namespace podmirror::testing
