#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using plan::Attach;
using plan::Detach;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

World Two() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  world.Source("till", 21, {"watch"});
  return world;
}

FakeDataplane After(const World& world) {
  FakeDataplane kernel;
  EXPECT_TRUE(Reconcile(kernel, world));
  return kernel;
}

TEST(Sources, AreAttachedInBothDirections) {
  const auto planned = Two().Plan({});
  EXPECT_THAT(OpsOf<Attach>(planned), SizeIs(4));
  ASSERT_THAT(planned.report.sources, SizeIs(2));
  EXPECT_EQ(planned.report.sources[0], (SourceReport{Key("cart"), "veth-cart", "", ""}));
}

TEST(Sources, WithoutALinkAreNotFoundAndHurtNoOther) {
  World world = Two();
  world.links.erase(Key("cart"));
  const auto planned = world.Plan({});
  EXPECT_EQ(planned.report.sources[0].reason, reason::kInterfaceNotFound);
  EXPECT_EQ(planned.report.sources[1].reason, "");
  EXPECT_THAT(OpsOf<Attach>(planned), SizeIs(2));
}

TEST(Sources, PassOnTheReasonOfTheirLink) {
  World world = Two();
  world.link("cart").reason = reason::kUnsupportedInterface;
  world.link("cart").message = "ipvlan";
  const auto planned = world.Plan({});
  EXPECT_EQ(planned.report.sources[0],
            (SourceReport{Key("cart"), "veth-cart", std::string(reason::kUnsupportedInterface), "ipvlan"}));
  EXPECT_THAT(OpsOf<Attach>(planned), SizeIs(2));
}

TEST(Sources, WithoutSessionsHoldNoInterface) {
  World world = Two();
  world.source("cart").ingress.clear();
  world.source("cart").egress.clear();
  const auto planned = world.Plan({});
  EXPECT_EQ(planned.report.sources[0].reason, "");
  EXPECT_THAT(OpsOf<Attach>(planned), SizeIs(2));
}

TEST(Sources, WithSessionsInOneDirectionGetAnEmptyHookInTheOther) {
  World world = Two();
  world.source("cart").egress.clear();
  FakeDataplane kernel = After(world);
  const plan::Interface& cart = kernel.state().interfaces.at(20);
  EXPECT_EQ(cart.hooks[PM_INGRESS]->value.n_sessions, 1u);
  ASSERT_TRUE(cart.hooks[PM_EGRESS]);
  EXPECT_EQ(cart.hooks[PM_EGRESS]->value.n_sessions, 0u);
  EXPECT_EQ(kernel.state().rulesets.at(cart.hooks[PM_EGRESS]->value.ruleset)->n_rules, 0u);
}

TEST(Sources, ThatShareAnInterfaceAreRefusedExceptTheFirst) {
  World world = Two();
  world.link("till").ifindex = 20;
  const auto planned = world.Plan({});
  EXPECT_EQ(planned.report.sources[0].reason, "");
  EXPECT_EQ(planned.report.sources[1].reason, reason::kUnsupportedInterface);
  EXPECT_THAT(planned.report.sources[1].message, HasSubstr("shop/cart"));
  EXPECT_THAT(OpsOf<Attach>(planned), SizeIs(2));
}

TEST(Sources, GetANewIndexWithFreshCountersWhenTheirIfindexIsReused) {
  World world = Two();
  FakeDataplane kernel = After(world);
  const std::uint32_t old_index = kernel.state().interfaces.at(20).entry->index;
  const std::uint32_t taken = kernel.state().interfaces.at(21).entry->index;
  world.link("cart").mac.bytes[5] ^= 1;
  const auto planned = world.Plan(kernel.state());
  const auto put = OpsOf<plan::PutInterface>(planned);
  ASSERT_THAT(put, SizeIs(1));
  EXPECT_NE(put[0].entry.index, old_index);
  EXPECT_NE(put[0].entry.index, taken);
  EXPECT_EQ(OpsOf<plan::ResetInterfaceCounters>(planned)[0].index, put[0].entry.index);
  EXPECT_THAT(OpsOf<plan::RemoveHook>(planned), SizeIs(2));
  EXPECT_THAT(OpsOf<plan::ResetSlot>(planned), SizeIs(2));
  ApplyAll(kernel, planned);
  EXPECT_THAT(kernel.broken(), IsEmpty());
}

TEST(Sources, KeepTheirIndexWhenTheInterfaceIsRenamed) {
  World world = Two();
  FakeDataplane kernel = After(world);
  world.link("cart").name = "renamed";
  EXPECT_THAT(Described(world.Plan(kernel.state())), IsEmpty());
}

TEST(Sources, ThatGoTakeTheirInterfaceAlongInOrder) {
  World world = Two();
  FakeDataplane kernel = After(world);
  const std::uint32_t index = kernel.state().interfaces.at(20).entry->index;
  world.desired.sources.erase(world.desired.sources.begin());
  EXPECT_EQ(Described(world.Plan(kernel.state())),
            (std::vector<std::string>{"Detach from interface 20 ingress", "Detach from interface 20 egress",
                                      "RemoveHook " + std::to_string(index) + " ingress",
                                      "RemoveHook " + std::to_string(index) + " egress", "RemoveInterface 20"}));
}

TEST(Sources, LeaveNoPinOfADeadLinkBehind) {
  World world = Two();
  FakeDataplane kernel = After(world);
  kernel.Vanish(20);
  world.links.erase(Key("cart"));
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_FALSE(kernel.state().interfaces.contains(20));
  EXPECT_THAT(kernel.broken(), IsEmpty());
}

TEST(Sources, AreAttachedAgainOverTheDeadPinOfTheSameInterface) {
  World world = Two();
  FakeDataplane kernel = After(world);
  kernel.Vanish(20);
  EXPECT_EQ(Described(world.Plan(kernel.state())),
            (std::vector<std::string>{"Detach from interface 20 ingress", "Detach from interface 20 egress",
                                      "Attach to interface 20 ingress", "Attach to interface 20 egress"}));
}

TEST(Attachment, OfAnotherVersionIsReplaced) {
  World world = Two();
  FakeDataplane kernel = After(world);
  kernel.state().interfaces.at(20).attachments[PM_EGRESS] = plan::Attachment::kOther;
  EXPECT_EQ(Described(world.Plan(kernel.state())), std::vector<std::string>{"Attach to interface 20 egress"});
}

TEST(Attachment, ThatIsNotFirstIsAttachedOnceMoreAndThenSaysSo) {
  World world = Two();
  FakeDataplane kernel = After(world);
  kernel.state().interfaces.at(20).attachments[PM_INGRESS] = plan::Attachment::kNotFirst;
  const auto again = world.Plan(kernel.state());
  EXPECT_THAT(OpsOf<Attach>(again), SizeIs(1));
  EXPECT_EQ(again.report.sources[0].reason, "");
  world.settings.attached_again.insert({20, PM_INGRESS});
  const auto given_up = world.Plan(kernel.state());
  EXPECT_THAT(given_up.ops, IsEmpty());
  EXPECT_EQ(given_up.report.sources[0].reason, reason::kNotFirst);
  EXPECT_EQ(given_up.report.sources[1].reason, "");
}

TEST(Attachment, ThatIsFirstAgainSaysNothingMore) {
  World world = Two();
  FakeDataplane kernel = After(world);
  world.settings.attached_again.insert({20, PM_INGRESS});
  const auto planned = world.Plan(kernel.state());
  EXPECT_THAT(planned.ops, IsEmpty());
  EXPECT_EQ(planned.report.sources[0].reason, "");
}

TEST(Attachment, FightsNoRivalForEver) {
  FakeDataplane kernel;
  kernel.AddRival({20, PM_EGRESS});
  EXPECT_TRUE(Reconcile(kernel, Two()));
  EXPECT_EQ(kernel.state().interfaces.at(20).attachments[PM_EGRESS], plan::Attachment::kNotFirst);
}

}  // namespace
}  // namespace podmirror::test
