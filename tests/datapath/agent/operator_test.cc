// The agent and an operator that comes, goes, and is deposed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <optional>

#include "contract/codec.h"
#include "node-agent/link/state_file.h"
#include "tests/datapath/agent/agent_node.h"
#include "tests/net/link/operator.h"

namespace podmirror::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kName = "podmirror-operator.podmirror.svc";

class OperatorTest : public AgentNode {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(AgentNode::SetUp());
    std::ofstream(root_ / "ca.crt") << authority_.certificate();
    std::ofstream(root_ / "token") << "token";
    operator_.emplace(Manner{authority_.Sign(kName)});
    agent_ =
        StartAgent({"--operator-address", "127.0.0.1:" + std::to_string(operator_->port()), "--operator-server-name",
                    kName, "--ca-file", root_ / "ca.crt", "--token-file", root_ / "token", "--node-name", "n1"},
                   "connected to the operator");
  }

  // The next report, whatever it says.
  ReportMessage Report() {
    const auto text = operator_->messages.Receive(Clock::now() + std::chrono::seconds(10));
    const auto report = DecodeReportMessage(text.value_or(""));
    EXPECT_TRUE(report.has_value()) << text.value_or("no report");
    return report.value_or(ReportMessage{});
  }
  // Reads reports until one satisfies.
  ReportMessage ReportWith(const std::function<bool(const ReportMessage&)>& wanted) {
    for (int i = 0; i < 20; ++i) {
      ReportMessage report = Report();
      if (wanted(report)) return report;
      if (HasFailure()) break;
    }
    ADD_FAILURE() << "no such report; " << agent_->err();
    return {};
  }
  ReportMessage ReportOf(std::uint64_t number) {
    return ReportWith([&](const ReportMessage& report) {
      return report.applied.has_value() && report.applied->number == number && !report.report.endpoints.empty() &&
             report.report.endpoints[0].reason.empty();
    });
  }

  using Clock = std::chrono::steady_clock;
  const TestAuthority authority_;
  std::optional<TestOperator> operator_;
  std::unique_ptr<Program> agent_;
};

TEST_F(OperatorTest, SaysWhoItIsBeforeThereIsAnyState) {
  const ReportMessage report = Report();
  EXPECT_FALSE(report.applied.has_value());
  EXPECT_EQ(report.attach_mode, "tcx");
  EXPECT_FALSE(report.kernel.empty());
  EXPECT_FALSE(report.agent_version.empty());
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/podmirror"));
}

TEST_F(OperatorTest, AStateIsKeptAppliedReportedAndMirrored) {
  const Receiver ids("ids", kVxlan);
  operator_->Send(Encode(Shop(7)));
  const ReportMessage report = ReportOf(7);
  ASSERT_EQ(report.report.sources.size(), 1u);
  EXPECT_EQ(report.report.sources[0].pod, (ObjectKey{"shop", "web"}));
  EXPECT_EQ(report.report.sources[0].interface, "veth-web");
  EXPECT_EQ(report.report.sources[0].reason, "") << report.report.sources[0].message;
  EXPECT_EQ(link::LoadState(StateFile()).value(), Shop(7));
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 300});
  EXPECT_TRUE(ids.AwaitCount(1, load.Finish()));
  EXPECT_EQ(Metric("podmirror_agent_connected"), 1);
}

TEST_F(OperatorTest, ReportsWhatHasChangedByItself) {
  operator_->Send(Encode(Shop(7)));
  ReportOf(7);
  Shell("ip link del veth-web");
  ReportWith([](const ReportMessage& r) {
    return !r.report.sources.empty() && r.report.sources[0].reason == "InterfaceNotFound";
  });
}

TEST_F(OperatorTest, ALeaderThatWasDeposedIsNotObeyed) {
  const Receiver ids("ids", kVxlan);
  StateMessage newer = Shop(1, 8);
  newer.revision.epoch.lease_transitions = 2;
  operator_->Send(Encode(newer));
  ReportOf(1);
  operator_->Send(Encode(Nothing(99)));
  ASSERT_TRUE(agent_->Says("a state is refused that is older than ours")) << agent_->err();
  EXPECT_EQ(link::LoadState(StateFile()).value(), newer);
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 100});
  EXPECT_TRUE(ids.AwaitCount(1, load.Finish()));
  EXPECT_TRUE(Await([] { return Metric("podmirror_agent_states_total{result=\"older\"}") == 1; }));
  // Not even after a new start: the kept state counts too.
  agent_->Kill();
  agent_ = StartAgent({"--operator-address", "127.0.0.1:" + std::to_string(operator_->port()), "--operator-server-name",
                       kName, "--ca-file", root_ / "ca.crt", "--token-file", root_ / "token"},
                      "connected to the operator");
  operator_->Send(Encode(Nothing(99)));
  EXPECT_TRUE(agent_->Says("a state is refused that is older than ours")) << agent_->err();
}

TEST_F(OperatorTest, ALeaseMadeAnewIsObeyedThoughItCountsFromZero) {
  StateMessage old = Shop(9);
  old.revision.epoch.lease_transitions = 5;
  operator_->Send(Encode(old));
  ReportOf(9);
  StateMessage anew = Shop(1, 9);
  anew.revision.epoch.lease_created += std::chrono::seconds(1);
  operator_->Send(Encode(anew));
  ReportOf(1);
}

TEST_F(OperatorTest, CopiesGoOnWhileTheOperatorIsAwayAndItIsObeyedWhenItIsBack) {
  const Receiver ids("ids", kVxlan);
  operator_->Send(Encode(Shop(7)));
  ReportOf(7);
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(load.Await(200));
  operator_->Use(Manner{authority_.Sign(kName), 503});
  operator_->Cut();
  ASSERT_TRUE(agent_->Says("disconnected from the operator")) << agent_->err();
  ASSERT_TRUE(load.Await(500));
  operator_->Use(Manner{authority_.Sign(kName)});
  ASSERT_TRUE(agent_->Says("connected to the operator")) << agent_->err();
  ReportOf(7);  // again, unasked
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1, kShopVni), sent), "");
}

TEST_F(OperatorTest, AnEmptyStateEndsMirroring) {
  const Receiver ids("ids", kVxlan);
  const Receiver peer("", kProduction);
  operator_->Send(Encode(Shop(7)));
  ReportOf(7);
  operator_->Send(Encode(Nothing(8)));
  const ReportMessage report =
      ReportWith([](const ReportMessage& r) { return r.applied.has_value() && r.applied->number == 8; });
  EXPECT_TRUE(report.report.sources.empty());
  EXPECT_TRUE(Await([] { return Metric("podmirror_agent_attached_interfaces") == 0; }));
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 100});
  EXPECT_TRUE(peer.AwaitCount(1, load.Finish()));
  EXPECT_TRUE(ids.Numbers(1).empty());
  EXPECT_EQ(Packets("egress", "mirrored"), -1) << "no series of a session that is gone";
}

TEST_F(OperatorTest, StopsAtOnceWhileConnected) {
  operator_->Send(Encode(Shop(7)));
  ReportOf(7);
  const auto begin = Clock::now();
  agent_->Signal(SIGTERM);
  EXPECT_EQ(agent_->Wait(), 0);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace podmirror::testing
