// The agent and what it has kept: with no operator in sight.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "node-agent/link/state_file.h"
#include "tests/datapath/agent/agent_node.h"
#include "tests/datapath/life/pinned.h"

namespace podmirror::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

class KeptStateTest : public AgentNode {
 protected:
  void Keep(const StateMessage& message) const {
    const auto saved = link::SaveState(StateFile(), message);
    ASSERT_TRUE(saved.has_value()) << Describe(saved.error());
  }
  static std::string Network() { return Execute({"sh", "-c", "ip -d link; ip neigh; ip addr; ip route"}).out; }
};

TEST_F(KeptStateTest, WithoutStateAndOperatorNothingIsChangedInTheKernel) {
  const std::string before = Network();
  const auto agent = StartAgent({}, "nothing is changed until one comes");
  EXPECT_TRUE(Await([&] { return Get("/readyz").find(" 200 ") != std::string::npos; }));
  EXPECT_THAT(Get("/healthz"), HasSubstr(" 200 "));
  EXPECT_EQ(Network(), before);
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/podmirror"));
  EXPECT_EQ(Metric("podmirror_agent_connected"), 0);
  EXPECT_EQ(Metric("podmirror_agent_ops_total"), 0);
}

TEST_F(KeptStateTest, WhatWasKeptIsMirroredAndCounted) {
  Keep(Shop(1));
  const Receiver ids("ids", kVxlan);
  const auto agent = StartAgent();
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 500});
  EXPECT_TRUE(ids.AwaitCount(1, load.Finish())) << agent->err();
  EXPECT_EQ(EachOnce(ids.Numbers(1, kShopVni), 500), "");
  EXPECT_TRUE(Await([] { return Packets("egress", "mirrored") >= 500; })) << Get("/metrics");
  EXPECT_EQ(Packets("egress", "drop_no_endpoint"), 0);
  EXPECT_EQ(Packets("ingress", "sampled_out"), 0);
  EXPECT_EQ(Metric("podmirror_agent_attached_interfaces"), 1);
  EXPECT_EQ(Metric("podmirror_agent_law_violations"), 0);
  EXPECT_EQ(Metric("podmirror_agent_revision_lag"), 0);
  EXPECT_EQ(Metric("podmirror_agent_map_entries{map=\"interfaces\"}"), 1);
  EXPECT_EQ(Metric("podmirror_agent_map_max_entries{map=\"interfaces\"}"), 1024);
  EXPECT_THAT(Get("/readyz"), HasSubstr(" 200 "));
}

TEST_F(KeptStateTest, StoppedAndStartedAgainItWritesNothingAndCopiesGoOn) {
  Keep(Shop(1));
  const Receiver ids("ids", kVxlan);
  auto agent = StartAgent();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(load.Await(300));
  const auto begin = Clock::now();
  agent->Signal(SIGTERM);
  EXPECT_EQ(agent->Wait(), 0);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
  ASSERT_TRUE(load.Await(300));
  const auto pinned = PinnedObjects();
  const std::string network = Network();
  FreezePinnedMaps();
  agent = StartAgent();
  EXPECT_THAT(agent->err(), HasSubstr("\"writes\":0,\"failures\":0")) << agent->err();
  EXPECT_EQ(PinnedObjects(), pinned);
  EXPECT_EQ(Network(), network);
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1, kShopVni), sent), "");
}

TEST_F(KeptStateTest, KilledItLeavesCopiesGoing) {
  Keep(Shop(1));
  const Receiver ids("ids", kVxlan);
  auto agent = StartAgent();
  agent->Kill();
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 300});
  EXPECT_TRUE(ids.AwaitCount(1, load.Finish()));
}

TEST_F(KeptStateTest, AStateThatIsDamagedIsNotUsed) {
  Keep(Shop(1));
  std::ofstream(StateFile(), std::ios::app) << " ";
  const std::string before = Network();
  const auto agent = StartAgent({}, "nothing is changed until one comes");
  EXPECT_THAT(agent->err(), HasSubstr("the kept state is not used"));
  EXPECT_THAT(agent->err(), HasSubstr("is damaged"));
  EXPECT_EQ(Network(), before);
}

TEST_F(KeptStateTest, ASessionEndsAtItsTimeWithNobodyThereToSayIt) {
  StateMessage message = Shop(1);
  const Instant end = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
                      std::chrono::seconds(2);
  message.state.sessions[0].expires_at = end;
  Keep(message);
  const Receiver ids("ids", kVxlan);
  const Receiver peer("", kProduction);
  auto agent = StartAgent();
  agent->Kill();
  Load before({.network_namespace = "web", .to = HostIp(1), .flow = 1, .at_most = 50});
  EXPECT_TRUE(ids.AwaitCount(1, before.Finish())) << "it ended too early";
  ASSERT_TRUE(Await([&] { return std::chrono::system_clock::now() > end; }));
  Load after({.network_namespace = "web", .to = HostIp(1), .flow = 2, .at_most = 200});
  EXPECT_TRUE(peer.AwaitCount(2, after.Finish()));
  EXPECT_TRUE(ids.Numbers(2).empty());
}

TEST_F(KeptStateTest, APodThatIsMadeAnewIsFoundByItsAddress) {
  Keep(Shop(1));
  const Receiver ids("ids", kVxlan);
  const auto agent = StartAgent();
  for (std::uint32_t flow = 1; flow <= 2; ++flow) {
    Shell("ip link del veth-web\n" + PodLinkScript("web", 1));
    AwaitUp("veth-web");
    Load load({.network_namespace = "web", .to = HostIp(1), .flow = flow, .may_break = true});
    EXPECT_TRUE(Await([&] { return !ids.Numbers(flow).empty(); })) << agent->err();
  }
}

TEST_F(KeptStateTest, CleanupRemovesAllThatIsOursAndTheState) {
  const std::string before = Execute({"sh", "-c", "ip -d link; ip addr; ip route"}).out;
  Keep(Shop(1));
  StartAgent()->Kill();
  const Ended ended = Execute(Command({"--cleanup"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("cleaned up"));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/podmirror"));
  EXPECT_FALSE(std::filesystem::exists(StateFile()));
  EXPECT_EQ(Execute({"sh", "-c", "ip -d link; ip addr; ip route"}).out, before);
  EXPECT_EQ(Execute(Command({"--cleanup"})).code, 0) << "with nothing there";
}

TEST_F(KeptStateTest, SaysWhatItCannotDoHere) {
  const Ended no_bpffs = Execute(Command({"--bpffs", root_.path()}));
  EXPECT_EQ(no_bpffs.code, 1);
  EXPECT_THAT(no_bpffs.err, HasSubstr("the agent cannot work here"));
  const Ended misused = Execute(Command({"--resync", "soon"}));
  EXPECT_EQ(misused.code, 2);
  EXPECT_THAT(misused.err, HasSubstr("--resync"));
}

TEST_F(KeptStateTest, NeedsLittleMemory) {
  Keep(Shop(1));
  const auto agent = StartAgent();
  ASSERT_TRUE(Await([] { return Metric("podmirror_agent_apply_seconds_count") > 3; }));
  std::ifstream status("/proc/" + std::to_string(agent->pid()) + "/status");
  long resident = 0;
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> resident;
  }
  EXPECT_GT(resident, 0);
  EXPECT_LT(resident, 30'000) << "kB";
  RecordProperty("resident_kb", static_cast<int>(resident));
  std::printf("resident: %ld kB\n", resident);
}

}  // namespace
}  // namespace podmirror::testing
