// Real packets through the real programs, with ops applied by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

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

// A router may fragment them, and puts together again what has one id (RFC 6864).
TEST_F(MirrorTest, EachCopyHasAnOuterIdOfItsOwn) {
  Mirror();
  Wire collector = OpenCollector();
  Wire pod = OpenPod();
  for (std::uint8_t n = 1; n <= 10; ++n) ASSERT_TRUE(pod.Send(Echo(n)));
  std::set<int> ids;
  for (const Copy& copy : TakeCopies(collector, 20, IsIcmp)) ids.insert(copy.outer[18] << 8 | copy.outer[19]);
  EXPECT_EQ(ids.size(), 20u);
}

TEST_F(MirrorTest, SwappingRulesUnderLoadMirrorsEachPacketOnce) {
  constexpr std::size_t kPackets = 20000;
  constexpr std::uint32_t kOtherSlot = 13;
  Mirror();
  // Under each of two rulesets exactly one of two sessions accepts.
  for (std::uint32_t id : {3, 4}) {
    auto rules = std::make_shared<pm_ruleset>(*AcceptAll());
    rules->n_sessions = 2;
    rules->session[1] = rules->session[0];
    rules->rule[0].session = static_cast<std::uint8_t>(id - 3);
    Apply(plan::PutRuleset{id, rules});
  }
  Apply(plan::ResetSlot{kOtherSlot});
  plan::Hook hook = HookOf(PM_EGRESS);
  hook.value.n_sessions = 2;
  hook.value.session[1] = hook.value.session[0];
  hook.value.session[1].slot = kOtherSlot;
  Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  const auto accepted_total = [this] { return Interface(PM_EGRESS).packets[PM_ACCEPTED_TOTAL]; };
  const auto before = Interface(PM_EGRESS);
  const auto first = Slot(PM_EGRESS).packets[PM_ENCAP_IN];
  std::atomic<bool> sending = true;
  std::thread sender([&] {
    const Wire pod = OpenPod();
    for (std::size_t i = 0; i < kPackets; ++i) EXPECT_TRUE(pod.Send(Echo(static_cast<std::uint8_t>(i))));
    sending = false;
  });
  std::size_t swaps = 0;
  for (; sending || swaps < 100; ++swaps) {
    hook.value.ruleset = 3 + swaps % 2;
    Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  }
  sender.join();
  const auto seen = Interface(PM_EGRESS).packets[PM_SEEN] - before.packets[PM_SEEN];
  EXPECT_GE(seen, kPackets);
  EXPECT_EQ(accepted_total() - before.packets[PM_ACCEPTED_TOTAL], seen) << "each packet, after " << swaps << " swaps";
  const auto counters = dataplane::ReadCounters(kBpffs);
  ASSERT_TRUE(counters);
  const auto& other = counters->slots[kOtherSlot].packets;
  EXPECT_GT(other[PM_ACCEPTED], 0u);
  EXPECT_EQ(counters->slots[kSlots[PM_EGRESS]].packets[PM_ENCAP_IN] - first + other[PM_ENCAP_IN], seen);
}

}  // namespace
}  // namespace podmirror::testing
