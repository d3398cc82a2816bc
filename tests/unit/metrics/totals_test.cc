#include "node-agent/metrics/totals.h"

#include <gtest/gtest.h>

namespace podmirror::metrics {
namespace {

stats::HookCount Hook(const std::string& name, std::uint64_t sent, const std::string& session = "shop/tap",
                      pm_direction direction = PM_EGRESS) {
  stats::HookCount hook;
  hook.name = name;
  hook.direction = direction;
  hook.sessions.push_back({session, false, {}});
  hook.sessions[0].counters.packets[PM_SENT] = sent;
  hook.sessions[0].counters.bytes[PM_SENT] = sent * 100;
  hook.sessions[0].counters.segments[PM_SEGMENTS_OF_SENT] = sent * 2;
  return hook;
}

class TotalsTest : public ::testing::Test {
 protected:
  std::uint64_t Sent(pm_direction direction = PM_EGRESS, const std::string& session = "shop/tap") const {
    return totals_.sums().at({session, direction}).packets[PM_SENT];
  }
  Totals totals_;
};

TEST_F(TotalsTest, AddsUpOverInterfaces) {
  totals_.Update({Hook("a", 5), Hook("b", 7)}, {"shop/tap"});
  EXPECT_EQ(Sent(), 12u);
  EXPECT_EQ(totals_.sums().at({"shop/tap", PM_EGRESS}).bytes[PM_SENT], 1200u);
  EXPECT_EQ(totals_.sums().at({"shop/tap", PM_EGRESS}).segments[PM_SEGMENTS_OF_SENT], 24u);
  EXPECT_EQ(Sent(PM_INGRESS), 0u) << "there from the start, so that a rate has a beginning";
}

TEST_F(TotalsTest, NeverGoesBackWhenAPodEnds) {
  totals_.Update({Hook("a", 5), Hook("b", 7)}, {"shop/tap"});
  totals_.Update({Hook("b", 9)}, {"shop/tap"});
  EXPECT_EQ(Sent(), 14u);
  totals_.Update({}, {"shop/tap"});
  EXPECT_EQ(Sent(), 14u);
}

TEST_F(TotalsTest, CountsOnFromZeroWhereANumberIsUsedAgain) {
  totals_.Update({Hook("a", 5)}, {"shop/tap"});
  totals_.Update({Hook("a", 2)}, {"shop/tap"});
  EXPECT_EQ(Sent(), 7u);
  totals_.Update({Hook("a", 2)}, {"shop/tap"});
  EXPECT_EQ(Sent(), 7u);
}

TEST_F(TotalsTest, AnInterfaceThatComesBackCountsWhole) {
  totals_.Update({Hook("a", 5)}, {"shop/tap"});
  totals_.Update({}, {"shop/tap"});
  totals_.Update({Hook("a", 6)}, {"shop/tap"});
  EXPECT_EQ(Sent(), 11u);
}

TEST_F(TotalsTest, KeepsDirectionsAndSessionsApart) {
  totals_.Update({Hook("a", 5), Hook("a", 3, "shop/tap", PM_INGRESS), Hook("b", 1, "shop/other")},
                 {"shop/tap", "shop/other"});
  EXPECT_EQ(Sent(PM_EGRESS), 5u);
  EXPECT_EQ(Sent(PM_INGRESS), 3u);
  EXPECT_EQ(Sent(PM_EGRESS, "shop/other"), 1u);
}

TEST_F(TotalsTest, ForgetsSessionsThatAreGone) {
  totals_.Update({Hook("a", 5)}, {"shop/tap"});
  totals_.Update({Hook("a", 6)}, {});
  EXPECT_TRUE(totals_.sums().empty());
}

}  // namespace
}  // namespace podmirror::metrics
