// The way to a collector changes under load, and `podmirror local` follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kFar[] = "10.8.0.9";  // behind a router

class NextHopTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }
  void WriteTarget(const std::string& ip) const {
    Write("shop.yaml", SessionYaml({.name = "all", .app = "web", .vni = kShopVni}) +
                           FilterYaml("all", kAcceptAll, kAcceptAll) + AddressTargetYaml("ids", ip));
  }
  // NIC `name` leads to the collector far behind it.
  static void PutFar(const std::string& name) { Shell("ip -n " + name + " addr add " + kFar + "/32 dev lo"); }

  // All copies arrived at one of the receivers, but for those that are counted as without an endpoint.
  static void ExpectNoneLost(std::uint32_t sent, const std::vector<const Receiver*>& receivers) {
    const Json status = Status();
    const std::uint64_t dropped = Term(status, "all", "web", "egress", "drop_no_endpoint");
    EXPECT_EQ(Term(status, "all", "web", "egress", "accepted"), sent);
    std::map<std::uint32_t, int> numbers;
    Await([&] {
      numbers.clear();
      for (const Receiver* receiver : receivers) {
        for (const auto& [number, times] : receiver->Numbers(1)) numbers[number] += times;
      }
      return numbers.size() + dropped >= sent;
    });
    EXPECT_EQ(NoneTwice(numbers), "");
    EXPECT_EQ(numbers.size() + dropped, sent) << dropped << " were dropped without an endpoint";
  }
  // An arrival of what is sent from now on.
  static bool ArrivesAt(const Receiver& receiver, const Load& load, seconds limit = seconds(20)) {
    return receiver.Await(1, load.sent() + 1, limit);
  }
};

TEST_F(NextHopTest, ANeighbourWithAnotherAddressGetsTheCopies) {
  Shell("ip netns exec ids sysctl -qw net.ipv4.conf.eth0.arp_notify=1");
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(ArrivesAt(ids, load)) << local->err();
  Shell("ip -n ids link set eth0 address 02:00:00:00:77:77");  // it announces the new one by gratuitous ARP
  EXPECT_TRUE(ArrivesAt(ids, load)) << local->err();
  const std::uint32_t from = load.sent();
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.Await(1, sent - 1));
  const auto numbers = ids.Numbers(1);
  EXPECT_EQ(std::distance(numbers.lower_bound(from), numbers.end()), sent - from);
  EXPECT_EQ(NoneTwice(numbers), "");
}

TEST_F(NextHopTest, ARouteToAnotherDeviceIsFollowed) {
  AddNic("ids2", 2);
  for (const char* name : {"ids", "ids2"}) PutFar(name);
  WriteTarget(kFar);
  Shell(std::string("ip route add 10.8.0.0/24 via ") + NicIp(1));
  const Receiver first("ids", kVxlan);
  const Receiver second("ids2", kVxlan);
  const auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(ArrivesAt(first, load)) << local->err();
  Shell(std::string("ip route replace 10.8.0.0/24 via ") + NicIp(2));
  ASSERT_TRUE(ArrivesAt(second, load)) << local->err();
  Shell(std::string("ip route add ") + kFar + "/32 via " + NicIp(1));
  ASSERT_TRUE(ArrivesAt(first, load)) << local->err();
  ExpectNoneLost(load.Stop(), {&first, &second});
}

TEST_F(NextHopTest, ACollectorOnThisHostGetsThemThroughTheSegmenter) {
  AddPod("near", 5);
  WriteTarget(PodIp(5));
  const Receiver near("near", kVxlan);
  const auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(ArrivesAt(near, load)) << local->err();
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  ExpectNoneLost(sent, {&near});
  EXPECT_EQ(Term(Status(), "all", "web", "egress", "segmented"), sent);
}

TEST_F(NextHopTest, WithoutARouteCopiesAreCountedAndComeBackWithIt) {
  PutFar("ids");
  WriteTarget(kFar);
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  EXPECT_THAT(local->err(), HasSubstr("NoRoute"));
  EXPECT_THAT(local->err(), HasSubstr(kFar));
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(load.Await(200));
  Shell(std::string("ip route add 10.8.0.0/24 via ") + NicIp(1));
  ASSERT_TRUE(ArrivesAt(ids, load)) << local->err();
  ASSERT_TRUE(local->Says("4789: Ready")) << local->err();
  Shell("ip route del 10.8.0.0/24");
  ASSERT_TRUE(local->Says("NoRoute")) << local->err();
  ASSERT_TRUE(load.Await(200));
  Shell(std::string("ip route add blackhole ") + kFar + "/32");
  ASSERT_TRUE(local->Says("blackhole")) << local->err();
  Shell(std::string("ip route replace ") + kFar + "/32 via " + NicIp(1));
  ASSERT_TRUE(ArrivesAt(ids, load)) << local->err();
  const std::uint32_t sent = load.Stop();
  ExpectNoneLost(sent, {&ids});
  EXPECT_GE(Term(Status(), "all", "web", "egress", "drop_no_endpoint"), 400u);
}

TEST_F(NextHopTest, ANeighbourThatDoesNotAnswerIsSaidAndFoundWhenItDoes) {
  WriteTarget("10.9.1.77");
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  if (local->err().find("NeighbourFailed") == std::string::npos) {
    ASSERT_TRUE(local->Says("NeighbourFailed")) << local->err();
  }
  EXPECT_EQ(EndpointReason(StatusNow(), "ids", "10.9.1.77"), "NeighbourFailed");
  Load load({.network_namespace = "web", .to = HostIp(1), .every = std::chrono::microseconds(1000)});
  ASSERT_TRUE(load.Await(200));
  Shell("ip -n ids addr add 10.9.1.77/24 dev eth0");
  ASSERT_TRUE(ArrivesAt(ids, load)) << local->err();
  const std::uint32_t sent = load.Stop();
  ExpectNoneLost(sent, {&ids});
  EXPECT_GE(Term(Status(), "all", "web", "egress", "drop_no_endpoint"), 200u);
}

TEST_F(NextHopTest, AWayWithoutEthernetIsRefusedByName) {
  PutFar("ids");
  WriteTarget(kFar);
  Shell(std::string("ip tuntap add tun7 mode tun; ip addr add 10.7.0.1/24 dev tun7; ip link set tun7 up; ") +
        "ip route add " + kFar + "/32 dev tun7");
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  EXPECT_THAT(local->err(), HasSubstr("UnsupportedEgress"));
  EXPECT_THAT(local->err(), HasSubstr("tun7"));
  Load load({.network_namespace = "web", .to = HostIp(1)});
  ASSERT_TRUE(load.Await(200));
  Shell(std::string("ip route replace ") + kFar + "/32 via " + NicIp(1));
  ASSERT_TRUE(ArrivesAt(ids, load)) << local->err();
  ExpectNoneLost(load.Stop(), {&ids});
}

}  // namespace
}  // namespace podmirror::testing
