#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-agent/plan/hash_table.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

World Three() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789", "10.9.0.2:4789", "10.9.0.3:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

const pm_target& OnlyTarget(const FakeDataplane& kernel) { return *kernel.state().targets.begin()->second; }

TEST(Targets, HoldTheirKeyAndTheEndpointsByTheHashTable) {
  const World world = Three();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  const pm_target& target = OnlyTarget(kernel);
  EXPECT_EQ(target.key, plan::TargetKey(Key("ids")));
  const auto table = plan::SpreadFlows(world.desired.targets[0].endpoints);
  for (std::size_t entry = 0; entry < table.size(); ++entry) {
    const pm_endpoint& endpoint = kernel.state().endpoints.at(target.endpoint[entry]).value;
    ASSERT_EQ(endpoint.daddr_be >> 24, table[entry] + 1) << "the last byte of the address, in network order";
  }
}

TEST(Targets, KeepTheShareOfAnEndpointThatCannotBeUsedHere) {
  World world = Three();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  const pm_target before = OnlyTarget(kernel);
  world.next_hop("10.9.0.2").reason = "NeighbourFailed";
  ASSERT_TRUE(Reconcile(kernel, world));
  const pm_target after = OnlyTarget(kernel);
  const auto table = plan::SpreadFlows(world.desired.targets[0].endpoints);
  for (std::size_t entry = 0; entry < table.size(); ++entry)
    ASSERT_EQ(after.endpoint[entry], table[entry] == 1 ? PM_NO_ENDPOINT : before.endpoint[entry]);
}

TEST(Targets, WithoutEndpointsStayAndEndTheirCopies) {
  World world = Three();
  world.desired.targets[0].endpoints.clear();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  ASSERT_THAT(kernel.state().targets, SizeIs(1));
  EXPECT_TRUE(std::ranges::all_of(OnlyTarget(kernel).endpoint, [](auto id) { return id == PM_NO_ENDPOINT; }));
  EXPECT_EQ(kernel.state().interfaces.at(20).hooks[PM_INGRESS]->value.n_sessions, 1u);
}

TEST(Targets, KeepTheirIdWhateverTheirEndpoints) {
  World world = Three();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  const std::uint32_t id = kernel.state().targets.begin()->first;
  world.desired.targets[0].endpoints.pop_back();
  const auto planned = world.Plan(kernel.state());
  ASSERT_THAT(OpsOf<plan::PutTarget>(planned), SizeIs(1));
  EXPECT_EQ(OpsOf<plan::PutTarget>(planned)[0].id, id);
  EXPECT_THAT(OpsOf<plan::PutHook>(planned), IsEmpty());
}

TEST(Targets, WithEqualEndpointsAreStillTwo) {
  World world = Three();
  world.Target("log", {"10.9.0.1:4789", "10.9.0.2:4789", "10.9.0.3:4789"});
  EXPECT_THAT(OpsOf<plan::PutTarget>(world.Plan({})), SizeIs(2));
}

TEST(Targets, GetNoIdThatAnOldHookStillRefersTo) {
  World world = Three();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  const std::uint32_t id = kernel.state().targets.begin()->first;
  kernel.state().targets.clear();
  EXPECT_NE(OpsOf<plan::PutTarget>(world.Plan(kernel.state())).at(0).id, id);
}

}  // namespace
}  // namespace podmirror::test
