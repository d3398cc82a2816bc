#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

World Shop() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

std::string Numbered(const char* prefix, int number) { return prefix + std::to_string(1000 + number); }

// A world of one source with `count` sessions, each with a filter of `rules` rules.
World Sessions(int count, int rules) {
  World world;
  world.Filter("web", std::vector<std::uint16_t>(static_cast<std::size_t>(rules), 80));
  world.Target("ids", {"10.9.0.1:4789"});
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(Numbered("s", i));
    world.Session(names.back(), "web", "ids", i);
  }
  world.Source("cart", 20, names);
  return world;
}

std::uint32_t SessionsOf(const World& world) {
  FakeDataplane kernel;
  EXPECT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.broken(), IsEmpty());
  return kernel.state().interfaces.at(20).hooks[PM_INGRESS]->value.n_sessions;
}

TEST(Limits, LeaveOutTheSeventeenthSessionAndSaySo) {
  EXPECT_EQ(SessionsOf(Sessions(16, 1)), 16u);
  const World world = Sessions(18, 1);
  EXPECT_EQ(SessionsOf(world), 16u);
  const auto report = world.Plan({}).report.sources.at(0);
  EXPECT_EQ(report.reason, reason::kNotProgrammed);
  EXPECT_THAT(report.message, HasSubstr("shop/s1016"));
}

TEST(Limits, LeaveOutTheSessionWhoseRulesDoNotFitAndSaySo) {
  EXPECT_EQ(SessionsOf(Sessions(2, 128)), 2u);
  const World world = Sessions(3, 100);
  EXPECT_EQ(SessionsOf(world), 2u);
  EXPECT_EQ(world.Plan({}).report.sources.at(0).reason, reason::kNotProgrammed);
}

TEST(Limits, LeaveOutASessionWithoutItsFilterOrTargetAndSaySo) {
  for (int what = 0; what < 3; ++what) {
    World world = Shop();
    if (what == 0) world.desired.filters.clear();
    if (what == 1) world.desired.targets.clear();
    if (what == 2) world.desired.sessions.clear();
    EXPECT_EQ(SessionsOf(world), 0u);
    EXPECT_EQ(world.Plan({}).report.sources.at(0).reason, reason::kNotProgrammed) << what;
  }
}

// 4,096 slots hold 128 interfaces with 16 sessions in both directions.
TEST(Limits, OfCountersHurtOnlyTheSourcesThatDoNotFit) {
  World world = Sessions(16, 1);
  const std::vector<ObjectKey> all = world.desired.sources[0].ingress;
  for (int i = 0; i < 129; ++i) {
    world.Source(Numbered("pod", i), static_cast<std::uint32_t>(100 + i), {});
    world.desired.sources.back().ingress = world.desired.sources.back().egress = all;
  }
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.broken(), IsEmpty());
  const auto report = world.Plan(kernel.state()).report;
  int failed = 0;
  for (const SourceReport& source : report.sources) failed += source.reason == reason::kNotProgrammed ? 1 : 0;
  EXPECT_EQ(failed, 2);
  EXPECT_THAT(report.sources.back().message, HasSubstr("4096"));
  EXPECT_EQ(kernel.state().interfaces.at(228).hooks[PM_INGRESS]->value.n_sessions, 0u);
}

TEST(Limits, OfInterfacesHurtOnlyTheSourcesThatDoNotFit) {
  World world = Shop();
  for (int i = 0; i < PM_MAX_INTERFACES; ++i)
    world.Source(Numbered("pod", i), static_cast<std::uint32_t>(100 + i), {"watch"});
  const auto planned = world.Plan({});
  EXPECT_THAT(OpsOf<plan::PutInterface>(planned), SizeIs(PM_MAX_INTERFACES));
  EXPECT_EQ(planned.report.sources.back().reason, reason::kNotProgrammed);
  EXPECT_EQ(planned.report.sources[PM_MAX_INTERFACES - 1].reason, "");
}

TEST(Limits, OfDevicesHurtOnlyTheEndpointsThatDoNotFit) {
  World world = Shop();
  std::vector<std::string> endpoints;
  for (int i = 1; i <= PM_MAX_BUDGETS; ++i) endpoints.push_back("10.7.0." + std::to_string(i) + ":4789");
  world.desired.targets.clear();
  world.Target("ids", endpoints);
  for (int i = 1; i <= PM_MAX_BUDGETS; ++i)
    world.next_hop("10.7.0." + std::to_string(i)).ifindex = static_cast<std::uint32_t>(1000 + i);
  const auto planned = world.Plan({});
  EXPECT_THAT(OpsOf<plan::PutBudget>(planned), SizeIs(PM_MAX_BUDGETS - 1));
  EXPECT_THAT(OpsOf<plan::PutEndpoint>(planned), SizeIs(PM_MAX_BUDGETS - 1));
  EXPECT_EQ(planned.report.endpoints.back().reason, reason::kNotProgrammed);
  EXPECT_EQ(planned.report.sources[0].reason, reason::kNotProgrammed) << "a share of its copies goes nowhere";
}

TEST(Limits, OfTheLoopGuardAreSaidByAllSources) {
  World world = Shop();
  for (int i = 0; i < PM_MAX_SOCKETS; ++i)
    world.desired.collectors.push_back(
        {IpAddress::V4({10, 200, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 4789});
  const auto planned = world.Plan({});
  EXPECT_THAT(OpsOf<plan::PutCollector>(planned), SizeIs(PM_MAX_SOCKETS));
  EXPECT_THAT(OpsOf<plan::PutEndpoint>(planned), SizeIs(1)) << "our own endpoint goes first";
  EXPECT_EQ(planned.report.sources[0].reason, reason::kNotProgrammed);
}

TEST(Limits, OfNetworkServicesAreSaidByTheSourcesThatUseThem) {
  World world = Shop();
  world.Filter("names", {53}).cluster_dns = true;
  world.Session("dns", "names", "ids", 11);
  world.Source("till", 21, {"dns"});
  for (int i = 0; i <= PM_MAX_SOCKETS; ++i)
    world.desired.cluster_dns.push_back(
        {IpAddress::V4({10, 96, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 53});
  const auto planned = world.Plan({});
  EXPECT_THAT(OpsOf<plan::PutService>(planned), SizeIs(PM_MAX_SOCKETS));
  EXPECT_EQ(planned.report.sources[0].reason, "");
  EXPECT_EQ(planned.report.sources[1].reason, reason::kNotProgrammed);
}

TEST(Limits, ThatOnlyAChangeExceedsAreOvercomeInTheNextRound) {
  World world = Sessions(16, 1);
  const std::vector<ObjectKey> all = world.desired.sources[0].ingress;
  for (int i = 0; i < 127; ++i) {
    world.Source(Numbered("pod", i), static_cast<std::uint32_t>(100 + i), {});
    world.desired.sources.back().ingress = world.desired.sources.back().egress = all;
  }
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  for (DesiredSession& session : world.desired.sessions) session.uid += "-recreated";
  ASSERT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.broken(), IsEmpty());
  for (const SourceReport& source : world.Plan(kernel.state()).report.sources) EXPECT_EQ(source.reason, "");
}

}  // namespace
}  // namespace podmirror::test
