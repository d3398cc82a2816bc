#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node-agent/plan/chain.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

World Shop() {
  World world;
  for (const char* filter : {"a", "b", "c"}) world.Filter(filter, {static_cast<std::uint16_t>(80 + filter[0])});
  world.Target("ids", {"10.9.0.1:4789"});
  for (const char* session : {"a", "b", "c"}) world.Session(session, session, "ids", session[0]);
  world.Source("cart", 20, {"a", "b"});
  return world;
}

void SetSessions(World& world, const std::vector<std::string>& sessions) {
  world.source("cart").ingress = world.source("cart").egress = Keys(sessions);
}

pm_hook HookOf(const FakeDataplane& kernel, std::uint32_t ifindex = 20, pm_direction direction = PM_INGRESS) {
  return kernel.state().interfaces.at(ifindex).hooks[direction]->value;
}

// One letter a session, the VNI being its name; small: the chain law does not hold between it and the one before.
std::string Letters(const pm_hook& hook) {
  std::string text;
  for (std::uint32_t i = 0; i < hook.n_sessions; ++i) {
    const char name = static_cast<char>(hook.session[i].vni);
    text += hook.session[i].chained ? static_cast<char>(name - 'a' + 'A') : name;
  }
  return text;
}

struct HooksTest : testing::Test {
  void Go(const std::vector<std::string>& sessions) {
    SetSessions(world, sessions);
    ASSERT_TRUE(Reconcile(kernel, world));
    ASSERT_THAT(kernel.broken(), IsEmpty());
  }
  std::string letters() const { return Letters(HookOf(kernel)); }
  bool complete() const { return HookOf(kernel).complete == 1; }

  World world = Shop();
  FakeDataplane kernel;
};

using Hooks = HooksTest;
using ChainLaw = HooksTest;
using SumLaw = HooksTest;

TEST_F(Hooks, CountTheSessionsOfThePriorityTierAtTheirHead) {
  Go({"a", "b", "c"});
  EXPECT_EQ(HookOf(kernel).n_priority, 0u);
  world.session("a").tier = world.session("b").tier = Tier::kPriority;
  Go({"a", "b", "c"});
  EXPECT_EQ(HookOf(kernel).n_priority, 2u);
  Go({"c", "a", "b"});
  EXPECT_EQ(HookOf(kernel).n_priority, 0u) << "behind one of the normal tier: what is not in order is guarded more";
}

TEST_F(Hooks, HoldTheSessionsInOrderWithTheirTargets) {
  world.session("b").packet_length = 96;
  Go({"b", "a"});
  const pm_hook hook = HookOf(kernel);
  ASSERT_EQ(hook.n_sessions, 2u);
  EXPECT_EQ(hook.session[0].key, plan::SessionKey(world.session("b")));
  EXPECT_EQ(hook.session[0].packet_length, 96);
  EXPECT_EQ(hook.session[1].packet_length, 0);
  EXPECT_EQ(hook.session[1].vni, std::uint32_t{'a'});
  EXPECT_EQ(kernel.state().targets.at(hook.session[0].target)->key, plan::TargetKey(Key("ids")));
}

TEST_F(Hooks, ReferToTheRulesOfTheirSessionsByPosition) {
  Go({"b", "a"});
  const pm_ruleset& rules = *kernel.state().rulesets.at(HookOf(kernel).ruleset);
  ASSERT_EQ(rules.n_rules, 2u);
  EXPECT_EQ(rules.rule[0].dport_from, 80 + 'b');
  EXPECT_EQ(rules.rule[0].session, 0);
  EXPECT_EQ(rules.rule[1].dport_from, 80 + 'a');
  EXPECT_EQ(rules.rule[1].session, 1);
}

TEST_F(Hooks, WithEqualRulesShareThem) {
  world.Source("till", 21, {"a", "b"});
  Go({"a", "b"});
  EXPECT_EQ(HookOf(kernel, 20).ruleset, HookOf(kernel, 21).ruleset);
  EXPECT_THAT(kernel.state().rulesets, SizeIs(2)) << "one for each direction";
}

TEST_F(Hooks, GetNewRulesUnderANewId) {
  Go({"a"});
  const std::uint32_t before = HookOf(kernel).ruleset;
  world.desired.filters[0].ingress.clear();
  const auto planned = world.Plan(kernel.state());
  ASSERT_THAT(OpsOf<plan::PutRuleset>(planned), SizeIs(1));
  EXPECT_NE(OpsOf<plan::PutRuleset>(planned)[0].id, before);
  EXPECT_THAT(OpsOf<plan::PutHook>(planned), SizeIs(1)) << "the other direction's rules are the same";
  EXPECT_EQ(OpsOf<plan::RemoveRuleset>(planned).at(0).id, before);
}

TEST_F(Hooks, KeepASessionsSlotWhereverItMoves) {
  Go({"a", "b"});
  const std::uint32_t slot = HookOf(kernel).session[0].slot;
  Go({"c", "b", "a"});
  EXPECT_EQ(HookOf(kernel).session[2].slot, slot);
}

TEST_F(Hooks, ResetTheSlotsOfNewSessionsOnly) {
  Go({"a"});
  SetSessions(world, {"a", "b"});
  const auto planned = world.Plan(kernel.state());
  EXPECT_THAT(OpsOf<plan::ResetSlot>(planned), SizeIs(2)) << "one for each direction";
  EXPECT_THAT(OpsOf<plan::ResetInterfaceCounters>(planned), IsEmpty());
}

TEST_F(Hooks, DoNotReuseASlotInThePlanThatFreesIt) {
  Go({"a"});
  const std::uint32_t freed = HookOf(kernel).session[0].slot;
  Go({"b"});
  EXPECT_NE(HookOf(kernel).session[0].slot, freed);
}

TEST_F(Hooks, OfARecreatedSessionCountFromZero) {
  Go({"a"});
  const std::uint32_t before = HookOf(kernel).session[0].slot;
  world.session("a").uid = "another";
  Go({"a"});
  EXPECT_NE(HookOf(kernel).session[0].slot, before);
  EXPECT_FALSE(complete());
}

TEST_F(Hooks, ChangeWithOneWriteEach) {
  Go({"a"});
  world.session("a").vni = Vni::Make('x').value();
  EXPECT_EQ(Described(world.Plan(kernel.state())), (std::vector<std::string>{"PutHook 0 ingress", "PutHook 0 egress"}));
}

TEST_F(ChainLaw, HoldsBetweenSessionsThatBeganTogether) {
  Go({"a", "b", "c"});
  EXPECT_EQ(letters(), "ABC");
}

TEST_F(ChainLaw, DoesNotHoldForASessionThatComesLater) {
  Go({"a"});
  Go({"a", "b"});
  EXPECT_EQ(letters(), "Ab");
}

TEST_F(ChainLaw, DoesNotHoldBehindASessionThatIsPutBefore) {
  Go({"a", "b"});
  Go({"c", "a", "b"});
  EXPECT_EQ(letters(), "CaB");
  Go({"a", "b"});
  EXPECT_EQ(letters(), "aB") << "`a` was not first all its life";
}

TEST_F(ChainLaw, BreaksWhereSomethingCameBetweenAndStaysBroken) {
  Go({"a", "b"});
  Go({"a", "c", "b"});
  EXPECT_EQ(letters(), "Acb");
  Go({"a", "b"});
  EXPECT_EQ(letters(), "Ab");
}

TEST_F(ChainLaw, BreaksWhereTheOneBetweenHasGone) {
  Go({"a", "b", "c"});
  Go({"a", "c"});
  EXPECT_EQ(letters(), "Ac");
}

TEST_F(ChainLaw, BreaksWhenTheOrderChanges) {
  Go({"a", "b"});
  Go({"b", "a"});
  EXPECT_EQ(letters(), "ba");
}

TEST_F(ChainLaw, HoldsBetweenTwoThatComeTogetherLater) {
  Go({"a"});
  Go({"a", "b", "c"});
  EXPECT_EQ(letters(), "AbC");
}

TEST_F(ChainLaw, SurvivesChangesOfRules) {
  Go({"a", "b"});
  world.desired.filters[0].ingress.clear();
  Go({"a", "b"});
  EXPECT_EQ(letters(), "AB");
}

TEST_F(SumLaw, HoldsWhileSessionsOnlyCome) {
  Go({"a"});
  EXPECT_TRUE(complete());
  Go({"b", "a"});
  EXPECT_TRUE(complete());
}

TEST_F(SumLaw, NoLongerHoldsOnceASessionHasGone) {
  Go({"a", "b"});
  Go({"a"});
  EXPECT_FALSE(complete());
  Go({"a", "b"});
  EXPECT_FALSE(complete());
}

TEST_F(SumLaw, HoldsAgainForANewInterface) {
  Go({"a", "b"});
  Go({"a"});
  world.link("cart").mac.bytes[0] ^= 4;
  Go({"a"});
  EXPECT_TRUE(complete());
}

TEST_F(SumLaw, HoldsAgainWhereBothHooksWereMissing) {
  Go({"a"});
  kernel.state().interfaces.at(20).hooks = {};
  const auto planned = world.Plan(kernel.state());
  ASSERT_THAT(OpsOf<plan::ResetInterfaceCounters>(planned), SizeIs(1));
  EXPECT_THAT(OpsOf<plan::PutInterface>(planned), IsEmpty());
  EXPECT_EQ(OpsOf<plan::PutHook>(planned).at(0).hook.value.complete, 1u);
}

TEST_F(SumLaw, DoesNotHoldWhereOneHookWasMissing) {
  Go({"a"});
  kernel.state().interfaces.at(20).hooks[PM_INGRESS].reset();
  const auto planned = world.Plan(kernel.state());
  EXPECT_THAT(OpsOf<plan::ResetInterfaceCounters>(planned), IsEmpty());
  ASSERT_THAT(OpsOf<plan::PutHook>(planned), SizeIs(1));
  EXPECT_EQ(OpsOf<plan::PutHook>(planned)[0].hook.value.complete, 0u);
}

TEST(ExpiresTai, IsUtcPlusTheOffsetInWholeSeconds) {
  const Instant moment(std::chrono::milliseconds(1'800'000'000'123));
  EXPECT_EQ(plan::ExpiresTai(moment, 37'000'000'000), 1'800'000'037'123'000'000u);
  // Two clocks are never read at once.
  EXPECT_EQ(plan::ExpiresTai(moment, 36'999'999'817), 1'800'000'037'123'000'000u);
  EXPECT_EQ(plan::ExpiresTai(moment, 37'000'000'412), 1'800'000'037'123'000'000u);
}

TEST(ExpiresTai, IsNeverZeroWhichWouldMeanNever) {
  EXPECT_EQ(plan::ExpiresTai(Instant(std::chrono::milliseconds(0)), 0), 1u);
  EXPECT_EQ(plan::ExpiresTai(Instant(std::chrono::milliseconds(-5'000)), 0), 1u);
  EXPECT_EQ(plan::ExpiresTai(Instant(std::chrono::hours(-24 * 365 * 1900)), 0), 1u);
}

TEST(ExpiresTai, LiesInTheFarFutureForTheLastYears) {
  const Instant year_9999(std::chrono::sys_days(std::chrono::year(9999) / 12 / 31));
  EXPECT_GT(plan::ExpiresTai(year_9999, 37'000'000'000), 9'000'000'000'000'000'000u);
}

TEST_F(Hooks, KnowWhenASessionExpires) {
  world.settings.tai_minus_utc_ns = 37'000'000'000;
  world.session("a").expires_at = Instant(std::chrono::seconds(1'800'000'000));
  Go({"a", "b"});
  EXPECT_EQ(HookOf(kernel).session[0].expires_tai_ns, 1'800'000'037'000'000'000u);
  EXPECT_EQ(HookOf(kernel).session[1].expires_tai_ns, 0u);
}

}  // namespace
}  // namespace podmirror::test
