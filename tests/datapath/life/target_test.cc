// Which of a target's endpoints a flow's copies go to, on real packets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

constexpr std::uint32_t kFlows = 600;
constexpr int kEndpoints = 3;

class TargetTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    AddPod("web", 1);
    for (int i = 0; i < kEndpoints; ++i) {
      AddNic(Name(i), i + 1);
      receivers_.push_back(std::make_unique<Receiver>(Name(i), kVxlan));
    }
    const std::string udp = "{ruleNumber: 1, action: Accept, protocol: UDP}";
    Write("pods.yaml", PodYaml("web", PodIp(1)));
    Write("shop.yaml", SessionYaml({.name = "all", .app = "web", .vni = 7}) + FilterYaml("all", udp, udp));
    WriteTarget({0, 1, 2});
  }

  static std::string Name(int endpoint) { return "ids" + std::to_string(endpoint); }
  void WriteTarget(const std::vector<int>& endpoints) const {
    std::vector<std::string> ips;
    for (int endpoint : endpoints) ips.push_back(NicPodIp(endpoint + 1));
    Write("target.yaml", ServiceTargetYaml("ids", ips));
  }

  // Sends one packet of each flow in each direction. Numbers: 2 * round from the pod, 2 * round + 1 to it.
  static void SendAll(std::uint32_t round) {
    std::vector<Shot> out;
    std::vector<Shot> back;
    for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
      const auto port = static_cast<std::uint16_t>(20000 + flow);
      out.push_back({.from_port = port, .to = HostIp(1), .to_port = kProduction, .flow = flow, .number = 2 * round});
      back.push_back(
          {.from_port = kProduction, .to = PodIp(1), .to_port = port, .flow = flow, .number = 2 * round + 1});
    }
    const auto sent = SendEach("web", out);
    ASSERT_TRUE(sent) << Describe(sent.error());
    const auto answered = SendEach("", back);
    ASSERT_TRUE(answered) << Describe(answered.error());
  }

  // Endpoint by flow in that round; both directions must agree, and each copy come once.
  std::map<std::uint32_t, int> Choices(std::uint32_t round) {
    std::map<std::uint32_t, int> chosen;
    const auto look = [&] {
      std::map<std::uint32_t, std::vector<int>> seen;
      std::size_t count = 0;
      for (int endpoint = 0; endpoint < kEndpoints; ++endpoint) {
        for (const Arrival& arrival : receivers_[static_cast<std::size_t>(endpoint)]->arrivals()) {
          if (arrival.number / 2 != round) continue;
          seen[arrival.flow].push_back(endpoint);
          ++count;
        }
      }
      if (count < 2 * kFlows) return false;
      EXPECT_EQ(count, 2 * kFlows);
      for (const auto& [flow, endpoints] : seen) {
        EXPECT_EQ(endpoints.size(), 2u) << "flow " << flow;
        EXPECT_EQ(endpoints.front(), endpoints.back()) << "both directions of flow " << flow;
        chosen[flow] = endpoints.front();
      }
      return true;
    };
    EXPECT_TRUE(Await(look)) << "copies are missing";
    return chosen;
  }

  std::vector<std::unique_ptr<Receiver>> receivers_;
};

TEST_F(TargetTest, FlowsSpreadStayTogetherAndOnlyThoseOfALostEndpointMove) {
  const auto local = Start();
  SendAll(0);
  const auto before = Choices(0);
  std::array<std::uint32_t, kEndpoints> share{};
  for (const auto& [flow, endpoint] : before) ++share[static_cast<std::size_t>(endpoint)];
  for (std::uint32_t flows : share) EXPECT_NEAR(flows, kFlows / kEndpoints, kFlows / 10);

  WriteTarget({0, 2});
  ASSERT_TRUE(local->Says("target default/ids: Ready (2 of 2 endpoints)")) << local->err();
  SendAll(1);
  const auto after = Choices(1);
  std::uint32_t moved = 0;
  for (const auto& [flow, endpoint] : before) {
    EXPECT_NE(after.at(flow), 1) << "the lost one";
    if (endpoint != 1 && after.at(flow) != endpoint) ++moved;
  }
  EXPECT_LE(moved, kFlows / 50) << "of flows whose endpoint is still there: 2 % at most";

  WriteTarget({0, 1, 2});
  ASSERT_TRUE(local->Says("target default/ids: Ready (3 of 3 endpoints)")) << local->err();
  SendAll(2);
  EXPECT_EQ(Choices(2), before) << "the same endpoints, the same choice";
}

TEST_F(TargetTest, FlowsOfAnEndpointThatCannotBeReachedWaitForItAndDoNotMove) {
  const auto local = Start();
  SendAll(0);
  const auto before = Choices(0);
  Shell("ip link set nic-ids1 down");
  ASSERT_TRUE(local->Says("NoRoute")) << local->err();
  const auto dropped = [](const char* direction) {
    return Term(Status(), "all", "web", direction, "drop_no_endpoint");
  };
  EXPECT_EQ(dropped("egress"), 0u);
  SendAll(1);
  std::uint32_t lost = 0;
  for (const auto& [flow, endpoint] : before) lost += endpoint == 1;
  EXPECT_EQ(dropped("egress"), lost);
  EXPECT_EQ(dropped("ingress"), lost);
  for (int endpoint : {0, 2}) {
    for (const Arrival& arrival : receivers_[static_cast<std::size_t>(endpoint)]->arrivals()) {
      EXPECT_EQ(before.at(arrival.flow), endpoint) << "round " << arrival.number / 2;
    }
  }
  Shell("ip link set nic-ids1 up");
  ASSERT_TRUE(local->Says("endpoint 10.9.2.10:4789: Ready")) << local->err();
  SendAll(2);
  EXPECT_EQ(Choices(2), before);
}

}  // namespace
}  // namespace podmirror::testing
