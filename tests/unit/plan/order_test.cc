#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node-agent/plan/lower_abi.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

World Shop() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

// The first word of each op, each once in a row.
std::vector<std::string> Kinds(const plan::Planned& planned) {
  std::vector<std::string> kinds;
  for (const std::string& op : Described(planned)) {
    const std::string kind = op.substr(0, op.find(' '));
    if (kinds.empty() || kinds.back() != kind) kinds.push_back(kind);
  }
  return kinds;
}

std::size_t PositionOf(const plan::Planned& planned, const std::string& description) {
  const auto ops = Described(planned);
  const auto found = std::ranges::find(ops, description);
  EXPECT_NE(found, ops.end()) << description;
  return static_cast<std::size_t>(found - ops.begin());
}

TEST(Order, MakesReferentsBeforeReferences) {
  World world = Shop();
  world.desired.cluster_dns = {Socket("10.96.0.10:53")};
  EXPECT_THAT(Kinds(world.Plan({})),
              ElementsAre("CreateBase", "PutConfig", "PutBudget", "PutNeighbour", "PutService", "PutCollector",
                          "AttachUplink", "PutEndpoint", "PutTarget", "PutRuleset", "ResetInterfaceCounters",
                          "ResetSlot", "PutInterface", "PutHook", "Attach"));
}

TEST(Order, RemovesReferentsAfterReferences) {
  World world = Shop();
  world.desired.cluster_dns = {Socket("10.96.0.10:53")};
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(Kinds(World{}.Plan(kernel.state())),
              ElementsAre("Detach", "RemoveHook", "RemoveInterface", "RemoveRuleset", "RemoveTarget", "RemoveEndpoint",
                          "DetachUplink", "RemoveBudget", "RemoveCollector", "RemoveService", "RemoveNeighbour"));
}

TEST(Order, ClearsAReusedIfindexBeforeAnythingElse) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.link("cart").peer_ifindex = 99;
  EXPECT_THAT(Kinds(world.Plan(kernel.state())),
              ElementsAre("Detach", "RemoveHook", "RemoveInterface", "ResetInterfaceCounters", "ResetSlot",
                          "PutInterface", "PutHook", "Attach"));
}

TEST(Diff, OfEqualStatesIsEmpty) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  const auto planned = world.Plan(kernel.state());
  EXPECT_THAT(planned.ops, IsEmpty());
  EXPECT_THAT(planned.needs, IsEmpty());
  EXPECT_THAT(planned.sources_of_op, IsEmpty());
  EXPECT_EQ(planned.report.sources.size(), 1u) << "the report is always whole";
}

TEST(Diff, WritesTheSourcePortMask) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_EQ(kernel.state().config.source_port_mask, 0xffu);
  EXPECT_NE(kernel.state().config.copy_ifindex, 0u) << "left as it was";
  world.settings.source_port_bits = 0;
  EXPECT_THAT(Described(world.Plan(kernel.state())), ElementsAre("PutConfig source port mask 0"));
}

TEST(Diff, GuardsEveryEndpointEvenIfItIsNotListedAsCollector) {
  World world = Shop();
  world.desired.collectors.clear();
  EXPECT_THAT(Described(world.Plan({})), Contains("PutCollector 10.9.0.1:4789 for all"));
}

TEST(Diff, GuardsCollectorsOfThePriorityTierFromEverySession) {
  World world = Shop();
  world.desired.collectors = {Socket("10.9.0.1:4789"), Socket("10.9.0.3:4789")};
  world.desired.priority_collectors = {Socket("10.9.0.2:4789"), Socket("10.9.0.3:4789")};
  const std::vector<std::string> ops = Described(world.Plan({}));
  EXPECT_THAT(ops, Contains("PutCollector 10.9.0.1:4789"));
  EXPECT_THAT(ops, Contains("PutCollector 10.9.0.2:4789 for all"));
  EXPECT_THAT(ops, Contains("PutCollector 10.9.0.3:4789 for all")) << "of both tiers: the stricter one";
}

TEST(Diff, TightensAGuardFirstAndLoosensItLast) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.desired.collectors.clear();
  world.desired.priority_collectors = {Socket("10.9.0.1:4789")};
  world.session("watch").vni = Vni::Make(77).value();
  EXPECT_EQ(Described(world.Plan(kernel.state())).front(), "PutCollector 10.9.0.1:4789 for all");
  ASSERT_TRUE(Reconcile(kernel, world));
  std::swap(world.desired.collectors, world.desired.priority_collectors);
  world.session("watch").vni = Vni::Make(78).value();
  EXPECT_EQ(Described(world.Plan(kernel.state())).back(), "PutCollector 10.9.0.1:4789");
}

TEST(Diff, GuardsTheCollectorsOfOthersToo) {
  World world = Shop();
  world.desired.collectors.push_back(Socket("[fd00::9]:4789"));
  EXPECT_THAT(Described(world.Plan({})), Contains("PutCollector [fd00::9]:4789"));
}

TEST(Needs, HoldBackWhateverReliesOnAFailedOp) {
  const World world = Shop();
  const auto planned = world.Plan({});
  const std::set<std::size_t> failed = {PositionOf(planned, "PutCollector 10.9.0.1:4789")};
  EXPECT_TRUE(HeldBack(planned, PositionOf(planned, "PutEndpoint 0 by interface 2"), failed));
  EXPECT_FALSE(HeldBack(planned, PositionOf(planned, "PutInterface 20 as 0"), failed));
}

TEST(Needs, LetOtherSourcesGoOnWhenOneFails) {
  World world = Shop();
  world.Source("till", 21, {"watch"});
  FakeDataplane kernel;
  const auto planned = world.Plan(kernel.state());
  kernel.FailAfter(PositionOf(planned, "PutInterface 20 as 0"));
  const auto not_done = ApplyAll(kernel, planned);
  EXPECT_EQ(not_done.size(), 5u) << "the entry, two hooks and two attachments";
  EXPECT_TRUE(kernel.state().interfaces.at(21).hooks[PM_EGRESS]);
  EXPECT_EQ(kernel.state().interfaces.at(21).attachments[PM_EGRESS], plan::Attachment::kCurrent);
  for (std::size_t op : not_done) EXPECT_EQ(planned.sources_of_op.at(op), std::set{Key("cart")});
}

TEST(Needs, KeepWhatAFailedHookStillRefersTo) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.Target("log", {"10.8.0.1:9000"});
  world.session("watch").target = Key("log");
  world.desired.targets.erase(world.desired.targets.begin());
  std::erase(world.desired.collectors, Socket("10.9.0.1:4789"));
  const auto planned = world.Plan(kernel.state());
  kernel.FailAfter(PositionOf(planned, "PutHook 0 ingress"));
  const auto not_done = ApplyAll(kernel, planned);
  EXPECT_THAT(kernel.broken(), IsEmpty());
  EXPECT_THAT(not_done, Contains(PositionOf(planned, "RemoveTarget 0")));
  EXPECT_THAT(not_done, Contains(PositionOf(planned, "RemoveEndpoint 0")));
  EXPECT_THAT(not_done, Contains(PositionOf(planned, "RemoveCollector 10.9.0.1:4789")));
  EXPECT_THAT(not_done, Not(Contains(PositionOf(planned, "PutHook 0 egress"))));
}

TEST(Needs, NameOnlyEarlierOps) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.link("cart").peer_ifindex = 99;
  for (const auto& planned : {world.Plan({}), world.Plan(kernel.state()), World{}.Plan(kernel.state())})
    for (const auto& [op, needs] : planned.needs)
      for (std::size_t need : needs) EXPECT_LT(need, op);
}

TEST(SourcesOfOp, FollowTheReferences) {
  World world = Shop();
  world.Filter("dns", {53});
  world.Target("log", {"10.8.0.1:9000"});
  world.Session("names", "dns", "log", 11);
  world.Source("till", 21, {"names"});
  const auto planned = world.Plan({});
  const auto of = [&](const std::string& op) { return planned.sources_of_op.at(PositionOf(planned, op)); };
  const std::set<ObjectKey> both = {Key("cart"), Key("till")};
  EXPECT_EQ(of("CreateBase"), both);
  EXPECT_EQ(of("PutConfig source port mask 255"), both);
  EXPECT_EQ(of("PutBudget 1 of interface 2, 125000000 bytes/s"), both);
  EXPECT_EQ(of("PutNeighbour 192.168.0.1 on interface 2"), both);
  EXPECT_EQ(of("PutEndpoint 0 by interface 2"), std::set{Key("till")}) << "10.8.0.1 sorts first";
  EXPECT_EQ(of("PutEndpoint 1 by interface 2"), std::set{Key("cart")});
  EXPECT_EQ(of("PutTarget 0"), std::set{Key("cart")});
  EXPECT_EQ(of("PutTarget 1"), std::set{Key("till")});
  EXPECT_EQ(of("PutRuleset 0 of 1 rules"), std::set{Key("cart")});
  EXPECT_EQ(of("PutHook 1 egress"), std::set{Key("till")});
  EXPECT_EQ(of("ResetSlot 0"), std::set{Key("cart")});
  EXPECT_EQ(of("Attach to interface 21 ingress"), std::set{Key("till")});
}

TEST(SourcesOfOp, AreThoseOfATargetWhoseTableChangesAlone) {
  World world = Shop();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.next_hop("10.9.0.1").dmac.bytes[0] = 6;
  const auto planned = world.Plan(kernel.state());
  EXPECT_EQ(planned.sources_of_op.at(PositionOf(planned, "PutTarget 0")), std::set{Key("cart")});
  EXPECT_FALSE(planned.sources_of_op.contains(PositionOf(planned, "RemoveEndpoint 0"))) << "a removal serves nobody";
}

}  // namespace
}  // namespace podmirror::test
