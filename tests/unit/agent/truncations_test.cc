// Which sessions' copies were cut, by which path.
#include "node-agent/app/truncations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_dataplane.h"
#include "tests/support/plan_world.h"

namespace podmirror::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Pods a and b, both mirrored by session "web" to collectors 10.9.0.1 and 10.9.0.2; every path has 1500.
class TruncationsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.Filter("all", {80});
    world_.Target("ids", {"10.9.0.1:4789", "10.9.0.2:4789"});
    world_.Session("web", "all", "ids", 5);
    world_.Source("a", 11, {"web"});
    world_.Source("b", 12, {"web"});
    world_.link("a").mtu = 1500;
    world_.link("b").mtu = 1500;
    for (const char* ip : {"10.9.0.1", "10.9.0.2"}) world_.next_hop(ip).mtu = 1500;
    ASSERT_TRUE(test::Reconcile(kernel_, world_));
    counters_.slots.resize(PM_MAX_SLOTS);
  }

  void Cut(std::uint32_t ifindex, pm_direction direction) {
    const auto& hook = kernel_.state().interfaces.at(ifindex).hooks.at(direction);
    ASSERT_TRUE(hook);
    counters_.slots[hook->value.session[0].slot].packets[PM_MTU_TRUNCATED] = 3;
  }

  std::vector<TruncationReport> Told() const {
    return Truncations(world_.desired, kernel_.state(), world_.links, world_.next_hops, counters_);
  }

  test::World world_;
  test::FakeDataplane kernel_;
  dataplane::Counters counters_;
  std::string device_ = "eth0";
};

TEST_F(TruncationsTest, SayNothingWhileNoCopyWasCut) { EXPECT_THAT(Told(), IsEmpty()); }

TEST_F(TruncationsTest, NameThePathAndTheMtuWithWhichTheLargestFrameFits) {
  Cut(11, PM_EGRESS);
  EXPECT_THAT(Told(), ElementsAre(TruncationReport{test::Key("web"), device_, 1500, 1550}));
}

TEST_F(TruncationsTest, CountTheIngressToo) {
  Cut(12, PM_INGRESS);
  EXPECT_THAT(Told(), ElementsAre(TruncationReport{test::Key("web"), device_, 1500, 1550}));
}

TEST_F(TruncationsTest, TakeTheLargestInterfaceOnWhichCopiesWereCutAndTheNarrowestPath) {
  world_.link("a").mtu = 9000;
  world_.next_hop("10.9.0.2").mtu = 1400;
  Cut(12, PM_EGRESS);
  EXPECT_THAT(Told(), ElementsAre(TruncationReport{test::Key("web"), device_, 1400, 1550}));
  Cut(11, PM_EGRESS);
  EXPECT_THAT(Told(), ElementsAre(TruncationReport{test::Key("web"), device_, 1400, 9050}));
}

TEST_F(TruncationsTest, EndWhenThePathIsWideEnough) {
  Cut(11, PM_EGRESS);
  for (const char* ip : {"10.9.0.1", "10.9.0.2"}) world_.next_hop(ip).mtu = 1550;
  EXPECT_THAT(Told(), IsEmpty());
  world_.next_hop("10.9.0.1").mtu = 1549;
  EXPECT_THAT(Told(), ElementsAre(TruncationReport{test::Key("web"), device_, 1549, 1550}));
}

TEST_F(TruncationsTest, LeaveOutAPathThatIsNotUsed) {
  Cut(11, PM_EGRESS);
  world_.next_hop("10.9.0.1").mtu = 9000;
  world_.next_hop("10.9.0.2").reason = "NoRoute";
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(TruncationsTest, IgnoreTheSlotsOfAnotherSession) {
  Cut(11, PM_EGRESS);
  world_.session("web").uid = "another one of that name";
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(TruncationsTest, SayNothingWithoutCounters) {
  Cut(11, PM_EGRESS);
  counters_.slots.clear();
  EXPECT_THAT(Told(), IsEmpty());
}

}  // namespace
}  // namespace podmirror::agent
