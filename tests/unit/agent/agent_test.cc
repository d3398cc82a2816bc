// The agent over a kernel in memory: rounds, failures, whom they are told of.
#include "node-agent/app/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "contract/reasons.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/plan_world.h"

namespace podmirror::agent {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Next hops as a test sets them; what is not followed is not there.
class FakeRoutes : public routes::Routes {
 public:
  explicit FakeRoutes(test::World& world) : world_(world) {}
  void Follow(std::set<IpAddress> addresses) override {
    followed_ = std::move(addresses);
    Look();
  }
  int fd() const override { return -1; }
  Result<bool> Process() override {
    if (!failure_.empty()) return Fail(failure_);
    if (on_process_) on_process_();
    const routes::NextHops before = current_;
    Look();
    return before != current_;
  }
  const routes::NextHops& Current() const override { return current_; }

  void FailWith(std::string what) { failure_ = std::move(what); }
  void OnProcess(std::function<void()> action) { on_process_ = std::move(action); }

 private:
  void Look() {
    current_.clear();
    for (const IpAddress& address : followed_)
      if (const auto hop = world_.next_hops.find(address); hop != world_.next_hops.end()) current_.insert(*hop);
  }

  test::World& world_;
  std::set<IpAddress> followed_;
  routes::NextHops current_;
  std::string failure_;
  std::function<void()> on_process_;
};

// Refuses for as long as the test wants.
class StubbornDataplane : public test::FakeDataplane {
 public:
  Result<plan::Observed> Observe() override {
    if (blind_) return Fail("cannot read the pins", "/sys/fs/bpf", "mount bpffs");
    return FakeDataplane::Observe();
  }
  Result<void> Apply(const plan::Op& op) override {
    if (refuses_ && refuses_(op)) return Fail("the kernel says no");
    return FakeDataplane::Apply(op);
  }
  void Refuse(std::function<bool(const plan::Op&)> refuses) { refuses_ = std::move(refuses); }
  void Blind(bool blind) { blind_ = blind; }

 private:
  std::function<bool(const plan::Op&)> refuses_;
  bool blind_ = false;
};

// Pods a (11) and b (12), each with its own session and collector.
class AgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.Filter("all", {80});
    world_.Filter("other", {81});
    world_.Target("ids", {"10.9.0.1:4789"});
    world_.Target("pcap", {"10.9.0.2:4789"});
    world_.Session("one", "all", "ids", 1);
    world_.Session("two", "other", "pcap", 2);
    world_.Source("a", 11, {"one"});
    world_.Source("b", 12, {"two"});
  }

  Outcome Reconcile() { return agent_.Reconcile(world_.desired, world_.links, counters_); }

  static const SourceReport& Of(const Outcome& outcome, const std::string& pod) {
    for (const SourceReport& source : outcome.report.sources)
      if (source.pod.name == pod) return source;
    throw std::runtime_error("no report of " + pod);
  }

  test::World world_;
  StubbornDataplane kernel_;
  FakeRoutes routes_{world_};
  dataplane::Counters counters_;
  Agent::Clock::time_point now_{};
  Agent agent_{kernel_, routes_, world_.settings, [this] { return now_; }};
};

TEST_F(AgentTest, ProgramsEverythingAndThenWritesNothing) {
  const Outcome first = Reconcile();
  EXPECT_GT(first.writes, 0);
  EXPECT_EQ(first.failures, 0);
  EXPECT_THAT(first.report.sources, Each(Field(&SourceReport::reason, "")));
  EXPECT_THAT(first.report.sources, SizeIs(2));
  EXPECT_THAT(first.report.endpoints, Each(Field(&EndpointReport::reason, "")));
  const Outcome second = Reconcile();
  EXPECT_EQ(second.writes, 0);
  EXPECT_EQ(second.failures, 0);
  EXPECT_EQ(second.report, first.report);
  EXPECT_THAT(kernel_.broken(), IsEmpty());
}

TEST_F(AgentTest, AdoptsWhatAnotherAgentLeft) {
  Reconcile();
  Agent fresh(kernel_, routes_, world_.settings);
  EXPECT_EQ(fresh.Reconcile(world_.desired, world_.links).writes, 0);
}

TEST_F(AgentTest, UsesANeighbourThatResolvesInTheSameCall) {
  routes::NextHop& hop = world_.next_hop("10.9.0.1");
  const MacAddress mac = hop.dmac;
  hop.reason = reason::kNeighbourPending;
  hop.neighbour = routes::NeighbourState::kAbsent;
  hop.dmac = {};
  kernel_.Watch([&](const plan::Op& op, const plan::Observed&) {
    if (!std::holds_alternative<plan::PutNeighbour>(op)) return;
    hop.reason = "";
    hop.neighbour = routes::NeighbourState::kResolved;
    hop.dmac = mac;
  });
  const Outcome outcome = Reconcile();
  EXPECT_THAT(outcome.report.endpoints, Each(Field(&EndpointReport::reason, "")));
  EXPECT_TRUE(Agent::Settled(outcome.report));
}

TEST_F(AgentTest, IsSettledOnceNoNeighbourIsPending) {
  NodeReport report;
  EXPECT_TRUE(Agent::Settled(report));
  report.endpoints.push_back({test::Socket("10.9.0.1:4789"), std::string(reason::kNeighbourFailed), ""});
  EXPECT_TRUE(Agent::Settled(report));
  report.endpoints.push_back({test::Socket("10.9.0.2:4789"), std::string(reason::kNeighbourPending), ""});
  EXPECT_FALSE(Agent::Settled(report));
}

TEST_F(AgentTest, TellsAFailureToTheSourceThatItHurtsAndToNoOther) {
  kernel_.Refuse([](const plan::Op& op) {
    const auto* attach = std::get_if<plan::Attach>(&op);
    return attach != nullptr && attach->ifindex == 11;
  });
  const Outcome outcome = Reconcile();
  EXPECT_EQ(Of(outcome, "a").reason, reason::kNotProgrammed);
  EXPECT_THAT(Of(outcome, "a").message, HasSubstr("Attach"));
  EXPECT_THAT(Of(outcome, "a").message, HasSubstr("the kernel says no"));
  EXPECT_EQ(Of(outcome, "b").reason, "");
  EXPECT_EQ(outcome.failures, 2);
  EXPECT_THAT(outcome.errors, SizeIs(2));
  EXPECT_EQ(kernel_.state().interfaces.at(12).attachments[PM_EGRESS], plan::Attachment::kCurrent);
  EXPECT_THAT(kernel_.broken(), IsEmpty());

  kernel_.Refuse({});
  const Outcome mended = Reconcile();
  EXPECT_EQ(Of(mended, "a").reason, "");
  EXPECT_EQ(mended.failures, 0);
}

TEST_F(AgentTest, HoldsBackWhatNeedsAFailedOpAndNamesTheCause) {
  kernel_.Refuse([](const plan::Op& op) { return std::holds_alternative<plan::PutRuleset>(op); });
  const Outcome outcome = Reconcile();
  for (const char* pod : {"a", "b"}) {
    EXPECT_EQ(Of(outcome, pod).reason, reason::kNotProgrammed);
    EXPECT_THAT(Of(outcome, pod).message, HasSubstr("PutRuleset"));
  }
  EXPECT_GT(outcome.failures, static_cast<int>(outcome.errors.size())) << "the hooks wait";
  EXPECT_THAT(kernel_.broken(), IsEmpty());
}

TEST_F(AgentTest, KeepsTheReasonOfASourceWithoutAnInterface) {
  world_.link("a") = {};
  world_.link("a").reason = reason::kInterfaceNotFound;
  kernel_.Refuse([](const plan::Op& op) { return std::holds_alternative<plan::CreateBase>(op); });
  const Outcome outcome = Reconcile();
  EXPECT_EQ(Of(outcome, "a").reason, reason::kInterfaceNotFound);
  EXPECT_EQ(Of(outcome, "b").reason, reason::kNotProgrammed);
}

TEST_F(AgentTest, SaysOfEverySourceThatTheKernelCannotBeSeen) {
  kernel_.Blind(true);
  const Outcome outcome = Reconcile();
  EXPECT_THAT(outcome.report.sources, SizeIs(2));
  EXPECT_THAT(outcome.report.sources, Each(Field(&SourceReport::reason, std::string(reason::kNotProgrammed))));
  EXPECT_THAT(Of(outcome, "a").message, HasSubstr("mount bpffs"));
  EXPECT_EQ(Of(outcome, "a").interface, world_.link("a").name);
  EXPECT_EQ(outcome.failures, 1);
  kernel_.Blind(false);
  EXPECT_EQ(Reconcile().failures, 0);
}

TEST_F(AgentTest, GoesOnWithTheLastNextHopsWhenRoutesCannotBeRead) {
  routes_.FailWith("no netlink");
  const Outcome outcome = Reconcile();
  EXPECT_EQ(outcome.failures, 1);
  EXPECT_THAT(outcome.errors, Contains(Field(&Error::what, "no netlink")));
  EXPECT_THAT(outcome.report.sources, Each(Field(&SourceReport::reason, "")));
}

TEST_F(AgentTest, TakesTheFirstPlaceBackOnceAndThenSaysNotFirst) {
  Reconcile();
  plan::Attachment& place = kernel_.state().interfaces.at(11).attachments[PM_EGRESS];
  place = plan::Attachment::kNotFirst;
  EXPECT_EQ(Of(Reconcile(), "a").reason, "") << "somebody came first and let us pass";
  EXPECT_EQ(place, plan::Attachment::kCurrent);

  now_ += std::chrono::minutes(1);
  kernel_.AddRival({11, PM_EGRESS});
  place = plan::Attachment::kNotFirst;
  const std::size_t before = kernel_.writes();
  const Outcome fight = Reconcile();
  EXPECT_EQ(Of(fight, "a").reason, reason::kNotFirst);
  EXPECT_EQ(Of(fight, "b").reason, "");
  EXPECT_EQ(kernel_.writes(), before + 1);
  Reconcile();
  EXPECT_EQ(kernel_.writes(), before + 1) << "no fight at every call";
  now_ += std::chrono::minutes(1);
  EXPECT_EQ(Of(Reconcile(), "a").reason, reason::kNotFirst);
  EXPECT_EQ(kernel_.writes(), before + 2) << "but now and then";
}

TEST_F(AgentTest, UsesTheMirrorPairWhereItCannotStandAtTheUplink) {
  kernel_.Refuse([](const plan::Op& op) { return std::holds_alternative<plan::AttachUplink>(op); });
  const Outcome outcome = Reconcile();
  EXPECT_EQ(outcome.failures, 0);
  EXPECT_THAT(outcome.report.sources, Each(Field(&SourceReport::reason, "")));
  EXPECT_THAT(kernel_.state().uplinks, IsEmpty());
  EXPECT_THAT(kernel_.state().endpoints, SizeIs(2));
  for (const auto& [id, endpoint] : kernel_.state().endpoints) EXPECT_EQ(endpoint.value.flags, 0u);
  EXPECT_EQ(Reconcile().writes, 0) << "it is not tried at every call";
}

TEST_F(AgentTest, LeavesAnUplinkToWhoeverCameFirstThere) {
  Reconcile();
  kernel_.state().uplinks.at(2).attachment = plan::Attachment::kNotFirst;
  EXPECT_EQ(Reconcile().failures, 0);
  EXPECT_THAT(kernel_.state().uplinks, IsEmpty());
  for (const auto& [id, endpoint] : kernel_.state().endpoints) EXPECT_EQ(endpoint.value.flags, 0u);
  EXPECT_EQ(Reconcile().writes, 0) << "it is not taken back";
  EXPECT_THAT(kernel_.broken(), IsEmpty());
}

TEST_F(AgentTest, EndsWhenTheKernelForgetsEverythingItIsTold) {
  kernel_.Watch([&](const plan::Op& op, const plan::Observed&) {
    if (std::holds_alternative<plan::PutService>(op) || std::holds_alternative<plan::PutCollector>(op)) {
      kernel_.state().collectors.clear();
    }
  });
  world_.desired.collectors = {test::Socket("10.9.0.1:4789"), test::Socket("10.9.0.2:4789")};
  Reconcile();
  EXPECT_GT(Reconcile().writes, 0) << "there is always something left to do";
}

TEST_F(AgentTest, ReportsCutCopiesFromTheCountersOfTheMomentBefore) {
  Reconcile();
  world_.next_hop("10.9.0.1").mtu = 1500;
  world_.next_hop("10.9.0.1").device = "eth0";
  world_.link("a").mtu = 1500;
  counters_.slots.resize(PM_MAX_SLOTS);
  const auto& hook = kernel_.state().interfaces.at(11).hooks[PM_EGRESS];
  counters_.slots[hook->value.session[0].slot].packets[PM_MTU_TRUNCATED] = 1;
  EXPECT_THAT(Reconcile().report.truncations, ElementsAre(TruncationReport{test::Key("one"), "eth0", 1500, 1550}));
}

TEST_F(AgentTest, RemovesWhatIsNoLongerWanted) {
  Reconcile();
  world_.desired = {};
  const Outcome outcome = Reconcile();
  EXPECT_EQ(outcome.failures, 0);
  EXPECT_THAT(outcome.report.sources, IsEmpty());
  EXPECT_THAT(kernel_.state().interfaces, IsEmpty());
  EXPECT_THAT(kernel_.state().endpoints, IsEmpty());
  EXPECT_EQ(Reconcile().writes, 0);
}

}  // namespace
}  // namespace podmirror::agent
