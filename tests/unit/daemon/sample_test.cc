#include "node-agent/daemon/sample.h"

#include <gtest/gtest.h>

#include "node-agent/plan/plan.h"

namespace podmirror::daemon {
namespace {

DesiredSession Session() {
  DesiredSession session;
  session.key = {"shop", "tap"};
  session.uid = "u";
  return session;
}

// Interface 7 with session shop/tap on both hooks, slot 3.
plan::Observed OneInterface() {
  plan::Observed observed;
  plan::Interface& interface = observed.interfaces[7];
  interface.entry = pm_interface{};
  for (auto& hook : interface.hooks) {
    hook.emplace();
    hook->value.n_sessions = 1;
    hook->value.session[0].key = plan::SessionKey(Session());
    hook->value.session[0].slot = 3;
  }
  interface.attachments = {plan::Attachment::kCurrent, plan::Attachment::kNotFirst};
  return observed;
}

TEST(Sample, NamesSessionsAndInterfaces) {
  DesiredState desired;
  desired.sessions = {Session()};
  pods::PodLinks links;
  links[{"shop", "web"}].ifindex = 7;
  links[{"shop", "web"}].name = "veth7";
  dataplane::Counters counters;
  counters.slots.resize(4);
  counters.slots[3].packets[PM_SENT] = 5;
  const auto counts = NamedCounts(desired, links, OneInterface(), counters);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].name, "veth7 ingress");
  EXPECT_EQ(counts[0].direction, PM_INGRESS);
  EXPECT_EQ(counts[1].direction, PM_EGRESS);
  EXPECT_EQ(counts[0].sessions[0].name, "shop/tap");
  EXPECT_EQ(counts[0].sessions[0].counters.packets[PM_SENT], 5u);
  EXPECT_EQ(SessionNames(desired), (std::set<std::string>{"shop/tap"}));
}

TEST(Sample, SaysHowFullEachMapIs) {
  const plan::Observed observed = OneInterface();
  for (const metrics::MapFill& map : MapFills(observed)) {
    EXPECT_LE(map.used, map.most) << map.name;
    EXPECT_EQ(map.used, map.name == "interfaces" ? 1u : map.name == "session_counters" ? 2u : 0u) << map.name;
  }
}

TEST(Sample, AnInterfaceIsAttachedWhereBothItsHooksAre) {
  plan::Observed observed = OneInterface();
  EXPECT_EQ(AttachedInterfaces(observed), 1u);
  observed.interfaces[7].attachments[PM_EGRESS] = plan::Attachment::kNone;
  EXPECT_EQ(AttachedInterfaces(observed), 0u);
}

}  // namespace
}  // namespace podmirror::daemon
