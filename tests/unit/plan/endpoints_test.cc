#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "node-agent/plan/lower_abi.h"
#include "tests/support/plan_world.h"

namespace podmirror::test {
namespace {

using plan::Budget;
using plan::Neighbour;
using plan::NodeBudget;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr char kFirst[] = "10.9.0.1";

World One() {
  World world;
  world.Filter("web", {80});
  world.Target("ids", {"10.9.0.1:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

World Pair() {
  World world = One();
  world.desired.targets.clear();
  world.Target("ids", {"10.9.0.1:4789", "10.9.0.2:4789"});
  return world;
}

pm_endpoint OnlyEndpoint(const World& world) {
  const auto put = OpsOf<plan::PutEndpoint>(world.Plan({}));
  EXPECT_THAT(put, SizeIs(1));
  return put.empty() ? pm_endpoint{} : put[0].endpoint.value;
}

EndpointReport OnlyReport(const World& world) {
  const auto planned = world.Plan({});
  EXPECT_THAT(planned.report.endpoints, SizeIs(1));
  return planned.report.endpoints.at(0);
}

TEST(AddressesToFollow, AreThoseOfAllTargets) {
  World world = Pair();
  world.Target("log", {"10.8.0.1:9000", "10.9.0.2:4789", "[fd00::1]:4789"});
  EXPECT_THAT(plan::AddressesToFollow(world.desired),
              UnorderedElementsAre(Socket("10.9.0.1:1").ip, Socket("10.9.0.2:1").ip, Socket("10.8.0.1:1").ip));
}

TEST(Endpoint, HoldsTheNextHop) {
  World world = One();
  const pm_endpoint endpoint = OnlyEndpoint(world);
  const routes::NextHop& next_hop = world.next_hop(kFirst);
  EXPECT_EQ(endpoint.ifindex, next_hop.ifindex);
  EXPECT_EQ(endpoint.flags, std::uint32_t{PM_ENDPOINT_DIRECT});
  EXPECT_TRUE(std::ranges::equal(endpoint.smac, next_hop.smac.bytes));
  EXPECT_TRUE(std::ranges::equal(endpoint.dmac, next_hop.dmac.bytes));
  EXPECT_EQ(plan::RaiseV4(endpoint.saddr_be), next_hop.source);
  EXPECT_EQ(plan::RaiseV4(endpoint.daddr_be), Socket("10.9.0.1:1").ip);
  EXPECT_EQ(endpoint.dport, 4789);
  EXPECT_EQ(endpoint.max_inner, 1464);
  EXPECT_EQ(endpoint.budget, 1u);
}

TEST(Endpoint, GoesThroughTheSegmenterWhereTheDeviceDoesNotCompleteChecksums) {
  World world = One();
  world.next_hop(kFirst).completes_checksums = false;
  EXPECT_EQ(OnlyEndpoint(world).flags, std::uint32_t{PM_ENDPOINT_SEGMENT});
}

TEST(Endpoint, HoldsNoMoreThanTheLongestIpPacket) {
  World world = One();
  world.next_hop(kFirst).mtu = 1'000'000;
  EXPECT_EQ(OnlyEndpoint(world).max_inner, 65535 - 36);
}

TEST(Endpoint, IsRefusedBelowTheSmallestUsefulMtu) {
  World world = One();
  world.next_hop(kFirst).mtu = 116;
  EXPECT_EQ(OnlyEndpoint(world).max_inner, 80);
  world.next_hop(kFirst).mtu = 115;
  const EndpointReport report = OnlyReport(world);
  EXPECT_EQ(report.reason, reason::kUnsupportedEgress);
  EXPECT_THAT(report.message, HasSubstr("at least 116"));
}

TEST(Endpoint, IsPendingUntilItsNextHopIsKnown) {
  World world = One();
  world.next_hops.clear();
  const auto planned = world.Plan({});
  EXPECT_EQ(planned.report.endpoints[0].reason, reason::kNeighbourPending);
  EXPECT_THAT(OpsOf<plan::PutEndpoint>(planned), IsEmpty());
  EXPECT_THAT(OpsOf<plan::Attach>(planned), SizeIs(2)) << "the source waits for nobody";
}

TEST(Endpoint, PassesOnTheReasonOfItsNextHop) {
  World world = One();
  world.next_hop(kFirst).reason = reason::kNoRoute;
  world.next_hop(kFirst).message = "no route to 10.9.0.1";
  EXPECT_EQ(OnlyReport(world),
            (EndpointReport{Socket("10.9.0.1:4789"), std::string(reason::kNoRoute), "no route to 10.9.0.1"}));
}

TEST(Endpoint, OverIpv6IsUnsupported) {
  World world = One();
  world.desired.targets.clear();
  world.Target("ids", {"[fd00::1]:4789"});
  EXPECT_EQ(OnlyReport(world).reason, reason::kUnsupportedEgress);
  EXPECT_THAT(OpsOf<plan::PutNeighbour>(world.Plan({})), IsEmpty());
}

TEST(Endpoint, OfSeveralTargetsIsWrittenOnce) {
  World world = One();
  world.Target("log", {"10.9.0.1:4789"});
  EXPECT_THAT(OpsOf<plan::PutEndpoint>(world.Plan({})), SizeIs(1));
}

TEST(Endpoint, IsWrittenAnewUnderAnotherIdWhenItsNextHopChanges) {
  World world = Pair();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.next_hop(kFirst).dmac.bytes[5] = 9;
  const auto planned = world.Plan(kernel.state());
  EXPECT_EQ(Described(planned),
            (std::vector<std::string>{"PutEndpoint 2 by interface 2", "PutTarget 0", "RemoveEndpoint 0"}));
}

TEST(Endpoint, GetsNoIdThatAnOldTableStillRefersTo) {
  World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  kernel.state().endpoints.clear();  // somebody else's doing
  const auto put = OpsOf<plan::PutEndpoint>(world.Plan(kernel.state()));
  ASSERT_THAT(put, SizeIs(1));
  EXPECT_NE(put[0].id, 0u);
}

std::map<std::uint32_t, Budget> Budgets(const World& world) {
  FakeDataplane kernel;
  EXPECT_TRUE(Reconcile(kernel, world));
  return kernel.state().budgets;
}

TEST(NodeBudgetOf, IsAShareOfTheDevicesSpeed) {
  World world = One();
  EXPECT_EQ(Budgets(world), (std::map<std::uint32_t, Budget>{{1, {2, 125'000'000, 6'250'000}}}));
}

TEST(NodeBudgetOf, IsOneGigabitWhereTheSpeedSaysNothing) {
  World world = One();
  world.next_hop(kFirst).bits_per_second = 0;
  EXPECT_EQ(Budgets(world).at(1).bytes_per_second, 125'000'000u);
  world.next_hop(kFirst).bits_per_second = 400'000'000'000;
  world.next_hop(kFirst).has_line_rate = false;
  EXPECT_EQ(Budgets(world).at(1).bytes_per_second, 125'000'000u);
}

TEST(NodeBudgetOf, MayBeARateOfItsOwnAndHoldsAtLeast256KiB) {
  World world = One();
  world.settings.budget = {NodeBudget::Kind::kRate, 16'000'000};
  EXPECT_EQ(Budgets(world), (std::map<std::uint32_t, Budget>{{1, {2, 2'000'000, 262'144}}}));
}

TEST(NodeBudgetOf, MayBeOff) {
  World world = One();
  world.settings.budget.kind = NodeBudget::Kind::kOff;
  EXPECT_THAT(Budgets(world), IsEmpty());
  EXPECT_EQ(OnlyEndpoint(world).budget, 0u);
}

TEST(NodeBudgetOf, IsOnePerDevice) {
  World world = Pair();
  EXPECT_THAT(Budgets(world), SizeIs(1));
  world.next_hop("10.9.0.2").ifindex = 3;
  EXPECT_THAT(Budgets(world), SizeIs(2));
}

TEST(NodeBudgetOf, ChangesInPlaceSoThatNoEndpointIsRewritten) {
  World world = Pair();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.settings.budget.value = 20;
  EXPECT_EQ(Described(world.Plan(kernel.state())),
            std::vector<std::string>{"PutBudget 1 of interface 2, 250000000 bytes/s"});
}

const Neighbour kGateway{2, IpAddress::V4({192, 168, 0, 1})};

std::vector<std::string> NeighbourOps(const World& world, bool ours) {
  plan::Observed observed;
  if (ours) observed.neighbours.insert(kGateway);
  std::vector<std::string> ops;
  for (const std::string& op : Described(world.Plan(observed)))
    if (op.find("Neighbour") != std::string::npos) ops.push_back(op);
  return ops;
}

TEST(Neighbours, AreAskedForWhereNobodyHasThem) {
  World world = One();
  using State = routes::NeighbourState;
  for (State state : {State::kAbsent, State::kPending, State::kFailed}) {
    world.next_hop(kFirst).neighbour = state;
    EXPECT_THAT(NeighbourOps(world, false), SizeIs(1)) << static_cast<int>(state);
    EXPECT_THAT(NeighbourOps(world, true), IsEmpty()) << static_cast<int>(state);
  }
}

TEST(Neighbours, AreAskedForWhileTheyArePendingOrFailed) {
  World world = One();
  for (std::string_view why : {reason::kNeighbourPending, reason::kNeighbourFailed}) {
    world.next_hop(kFirst).reason = why;
    EXPECT_THAT(NeighbourOps(world, false), SizeIs(1));
  }
}

TEST(Neighbours, OfSomebodyElseAreLeftAlone) {
  World world = One();
  world.next_hop(kFirst).neighbour = routes::NeighbourState::kResolved;
  EXPECT_THAT(NeighbourOps(world, false), IsEmpty());
  EXPECT_THAT(NeighbourOps(world, true), IsEmpty()) << "ours is kept once it is resolved";
}

TEST(Neighbours, AreNotAskedForWithoutAUsableRoute) {
  World world = One();
  for (std::string_view why : {reason::kNoRoute, reason::kUnsupportedEgress}) {
    world.next_hop(kFirst).reason = why;
    EXPECT_THAT(NeighbourOps(world, false), IsEmpty());
    EXPECT_EQ(NeighbourOps(world, true), std::vector<std::string>{"RemoveNeighbour 192.168.0.1 on interface 2"});
  }
}

TEST(Neighbours, ThatNobodyWantsAnyMoreAreRemovedLast) {
  World world = One();
  FakeDataplane kernel;
  ASSERT_TRUE(Reconcile(kernel, world));
  world.desired.targets[0].endpoints.clear();
  EXPECT_EQ(Described(world.Plan(kernel.state())).back(), "RemoveNeighbour 192.168.0.1 on interface 2");
}

}  // namespace
}  // namespace podmirror::test
