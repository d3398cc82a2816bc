// Slots and indices joined with what the hooks say of them.
#include "node-agent/app/counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Interface 7 has index 2; on egress session 0xa counts in slot 5 and session 0xb in slot 1.
plan::Observed OneHook() {
  plan::Observed observed;
  plan::Interface& interface = observed.interfaces[7];
  interface.entry = pm_interface{.index = 2, .pad = 0, .identity = 1};
  plan::Hook hook;
  hook.value.n_sessions = 2;
  hook.value.complete = 1;
  hook.value.session[0].key = 0xa;
  hook.value.session[0].slot = 5;
  hook.value.session[1].key = 0xb;
  hook.value.session[1].slot = 1;
  hook.value.session[1].chained = 1;
  interface.hooks[PM_EGRESS] = hook;
  return observed;
}

dataplane::Counters SomeCounters() {
  dataplane::Counters counters;
  counters.hooks.resize(6);
  counters.slots.resize(6);
  counters.hooks[2 * 2 + PM_EGRESS].packets[PM_SEEN] = 42;
  counters.slots[5].packets[PM_EVALUATED] = 40;
  counters.slots[1].packets[PM_EVALUATED] = 30;
  return counters;
}

TEST(HookCounts, JoinTheSlotsOfAHookInItsOrder) {
  const auto counts = HookCounts(OneHook(), SomeCounters(), {{{7, "veth1"}}, {{0xa, "shop/web"}}});
  ASSERT_THAT(counts, SizeIs(1));
  EXPECT_EQ(counts[0].name, "veth1 egress");
  EXPECT_TRUE(counts[0].complete);
  EXPECT_EQ(counts[0].counters.packets[PM_SEEN], 42u);
  ASSERT_THAT(counts[0].sessions, SizeIs(2));
  EXPECT_EQ(counts[0].sessions[0].name, "shop/web");
  EXPECT_FALSE(counts[0].sessions[0].chained);
  EXPECT_EQ(counts[0].sessions[0].counters.packets[PM_EVALUATED], 40u);
  EXPECT_EQ(counts[0].sessions[1].name, "#11");
  EXPECT_TRUE(counts[0].sessions[1].chained);
  EXPECT_EQ(counts[0].sessions[1].counters.packets[PM_EVALUATED], 30u);
}

TEST(HookCounts, AreZeroWhereTheCountersAreShort) {
  const auto counts = HookCounts(OneHook(), {});
  ASSERT_THAT(counts, SizeIs(1));
  EXPECT_EQ(counts[0].name, "#7 egress");
  EXPECT_EQ(counts[0].counters.packets[PM_SEEN], 0u);
  EXPECT_EQ(counts[0].sessions[0].counters.packets[PM_EVALUATED], 0u);
}

TEST(HookCounts, LeaveOutAnInterfaceWithoutAnEntry) {
  plan::Observed observed = OneHook();
  observed.interfaces[7].entry.reset();
  EXPECT_THAT(HookCounts(observed, SomeCounters()), IsEmpty());
}

TEST(HookCounts, SurviveAHookThatClaimsMoreSessionsThanFit) {
  plan::Observed observed = OneHook();
  observed.interfaces[7].hooks[PM_EGRESS]->value.n_sessions = 1000;
  EXPECT_THAT(HookCounts(observed, SomeCounters())[0].sessions, SizeIs(PM_MAX_SESSIONS));
}

}  // namespace
}  // namespace podmirror::agent
