// Which egress devices get clones directly, and in which order that begins and ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using plan::Attachment;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

World One() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

// Flags of the endpoints that are there in the end.
std::vector<std::uint32_t> FlagsOf(const FakeDataplane& kernel) {
  std::vector<std::uint32_t> flags;
  for (const auto& [id, endpoint] : kernel.state().endpoints) flags.push_back(endpoint.value.flags);
  return flags;
}

TEST(Uplinks, TakeClonesWhereTheDeviceCompletesChecksums) {
  FakeDataplane kernel;
  World world = One();
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.state().uplinks, ElementsAre(testing::Pair(2, plan::Uplink{Attachment::kCurrent, false})));
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(PM_ENDPOINT_DIRECT));
  world.next_hop("10.9.0.1").completes_checksums = false;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.state().uplinks, IsEmpty());
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(PM_ENDPOINT_SEGMENT));
  EXPECT_THAT(kernel.broken(), IsEmpty());
}

TEST(Uplinks, AreAttachedOnceForAllTheirEndpoints) {
  World world = One();
  world.Target("log", {"10.9.0.2:4789", "10.9.0.3:4789"});
  EXPECT_THAT(OpsOf<plan::AttachUplink>(world.Plan({})), SizeIs(1));
}

TEST(Uplinks, AreNoMirroredInterfaces) {
  World world = One();
  world.next_hop("10.9.0.1").ifindex = 20;
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.state().uplinks, IsEmpty());
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(0u));
}

TEST(Uplinks, AreNotWantedWithoutAWay) {
  World world = One();
  world.next_hop("10.9.0.1").reason = "NoRoute";
  EXPECT_THAT(OpsOf<plan::AttachUplink>(world.Plan({})), IsEmpty());
}

TEST(Uplinks, AreLeftForThePairWhereSomebodyIsFirstOrAttachingFailed) {
  const World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  World refused = world;
  refused.settings.pair_only = {2};
  ASSERT_TRUE(Reconcile(kernel, refused));
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(0u));
  ASSERT_TRUE(Reconcile(kernel, world));
  kernel.state().uplinks.at(2).attachment = Attachment::kNotFirst;
  const plan::Planned planned = world.Plan(kernel.state());
  EXPECT_THAT(OpsOf<plan::AttachUplink>(planned), IsEmpty());
  EXPECT_THAT(OpsOf<plan::DetachUplink>(planned), SizeIs(1));
  ApplyAll(kernel, planned);
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(0u));
  EXPECT_THAT(kernel.broken(), IsEmpty());
}

TEST(Uplinks, AreGivenUpWhereACloneWasMissed) {
  const World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  kernel.state().config.pair_only = 1;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.state().uplinks, IsEmpty());
  EXPECT_THAT(FlagsOf(kernel), ElementsAre(0u));
}

TEST(Uplinks, AreSwappedMendedAndClearedAway) {
  const World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  kernel.state().uplinks.at(2).attachment = Attachment::kOther;
  EXPECT_THAT(Described(world.Plan(kernel.state())), ElementsAre("AttachUplink 2"));
  kernel.state().uplinks.at(2) = {.attachment = Attachment::kNone, .stale_pin = true};
  EXPECT_THAT(Described(world.Plan(kernel.state())), ElementsAre("AttachUplink 2"));
  ASSERT_TRUE(Reconcile(kernel, world));
  kernel.state().uplinks[9] = {.attachment = Attachment::kNone, .stale_pin = true};
  EXPECT_THAT(Described(world.Plan(kernel.state())), ElementsAre("DetachUplink 9"));
}

TEST(Uplinks, HoldBackTheirEndpointsAndAreHeldByThem) {
  const World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  plan::Observed bare = kernel.state();
  bare.uplinks.clear();
  bare.endpoints.clear();
  bare.targets.clear();
  const auto first_of = [](const plan::Planned& planned, const std::string& kind) {
    const auto ops = Described(planned);
    const auto found = std::ranges::find_if(ops, [&](const std::string& op) { return op.starts_with(kind); });
    EXPECT_NE(found, ops.end()) << kind;
    return static_cast<std::size_t>(found - ops.begin());
  };
  plan::Planned planned = world.Plan(bare);
  EXPECT_TRUE(HeldBack(planned, first_of(planned, "PutEndpoint"), {first_of(planned, "AttachUplink")}));
  planned = World{}.Plan(kernel.state());
  EXPECT_TRUE(HeldBack(planned, first_of(planned, "DetachUplink"), {first_of(planned, "RemoveEndpoint")}));
}

}  // namespace
}  // namespace podmirror::test
