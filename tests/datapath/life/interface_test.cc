// Interfaces come and go under `podmirror local`, and others use the same hooks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/datapath/life/pinned.h"
#include "tests/datapath/life/rival.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;
using dataplane::Hook;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kLinks[] = "/sys/fs/bpf/podmirror/v1/links/";

bool HasPin(std::uint32_t ifindex, const std::string& direction) {
  return std::filesystem::exists(kLinks + std::to_string(ifindex) + "-" + direction);
}

class InterfaceTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }
  // Sends some, and expects a copy of each.
  static void ExpectMirrored(const std::string& pod, int number, std::uint32_t flow, const Receiver& ids) {
    Load load({.network_namespace = pod, .to = HostIp(number), .flow = flow, .at_most = 200});
    const std::uint32_t sent = load.Finish();
    EXPECT_TRUE(ids.AwaitCount(flow, sent));
    EXPECT_EQ(EachOnce(ids.Numbers(flow), sent), "") << pod;
  }
};

TEST_F(InterfaceTest, OneThatComesBackIsMirroredAgainAndItsOldPinsAreGone) {
  const auto local = Start();
  const Receiver ids("ids", kVxlan);
  for (std::uint32_t round = 1; round <= 3; ++round) {
    ExpectMirrored("web", 1, round, ids);
    const std::uint32_t old = if_nametoindex("veth-web");
    ASSERT_TRUE(HasPin(old, "egress"));
    Shell("ip link del veth-web");
    ASSERT_TRUE(local->Says("InterfaceNotFound")) << local->err();
    Shell(PodLinkScript("web", 1));
    ASSERT_TRUE(local->Says("session default/all: Programmed (1 of 1 pod mirroring)")) << local->err();
    ASSERT_NE(if_nametoindex("veth-web"), old);
    EXPECT_FALSE(HasPin(old, "egress"));
    EXPECT_FALSE(HasPin(old, "ingress"));
  }
  ExpectMirrored("web", 1, 9, ids);
  EXPECT_EQ(Term(Status(), "all", "web", "egress", "mirrored"), 200u) << "the new one's counters begin at 0";
}

TEST_F(InterfaceTest, GoneAndBackWhileNobodyIsThereItIsMirroredAfterwards) {
  const std::uint32_t old = if_nametoindex("veth-web");
  Start()->Kill();
  Shell("ip link del veth-web\n" + PodLinkScript("web", 1));
  const auto local = Start();
  EXPECT_FALSE(HasPin(old, "egress"));
  const Receiver ids("ids", kVxlan);
  ExpectMirrored("web", 1, 1, ids);
}

// Another pod's interface gets the number of one that was mirrored: nothing of it may be copied.
TEST_F(InterfaceTest, ANumberThatIsUsedAgainIsAnotherInterface) {
  AddPod("app", 2);
  Write("pods.yaml", PodYaml("web", PodIp(1)) + PodYaml("app", PodIp(2)));
  const std::uint32_t number = if_nametoindex("veth-web");
  const auto take_over = [&] {
    std::string script = PodLinkScript("app", 2);
    script.replace(script.find("veth-$name address"), 10, "veth-$name index " + std::to_string(number));
    Shell("ip link del veth-app; ip link del veth-web\n" + script);
    ASSERT_EQ(if_nametoindex("veth-app"), number);
  };
  const Receiver ids("ids", kVxlan);
  auto local = Start();
  ExpectMirrored("web", 1, 1, ids);
  for (bool alive : {true, false}) {
    SCOPED_TRACE(alive ? "alive" : "dead");
    if (!alive) local->Kill();
    take_over();
    if (!alive) local = Start();
    ASSERT_TRUE(alive ? local->Says("InterfaceNotFound") : local->err().find("InterfaceNotFound") != std::string::npos)
        << local->err();
    EXPECT_FALSE(HasPin(number, "egress"));
    Load other({.network_namespace = "app", .to = HostIp(2), .flow = 50, .at_most = 200});
    EXPECT_EQ(other.Finish(), 200u);
    Shell("ip link del veth-app\n" + PodLinkScript("web", 1) + PodLinkScript("app", 2));
    ASSERT_TRUE(local->Says("session default/all: Programmed (1 of 1 pod mirroring)")) << local->err();
    ExpectMirrored("web", 1, alive ? 2 : 3, ids);
    EXPECT_TRUE(ids.Numbers(50).empty());
    // The pod's own interface takes its old number back, for the second round.
    Shell("ip link del veth-web; n=" + std::to_string(number) + "\n");
    std::string script = PodLinkScript("web", 1);
    script.replace(script.find("veth-$name address"), 10, "veth-$name index " + std::to_string(number));
    Shell(script);
    ASSERT_TRUE(local->Says("session default/all: Programmed (1 of 1 pod mirroring)")) << local->err();
    ExpectMirrored("web", 1, alive ? 12 : 13, ids);
  }
}

TEST_F(InterfaceTest, TheSameNumberComesBackBeforeAnybodyLooked) {
  const std::uint32_t number = if_nametoindex("veth-web");
  std::string script = PodLinkScript("web", 1);
  script.replace(script.find("veth-$name address"), 10, "veth-$name index " + std::to_string(number));
  const Receiver ids("ids", kVxlan);
  auto local = Start();
  ExpectMirrored("web", 1, 2, ids);
  local->Kill();
  Shell("ip link del veth-web\n" + script);
  local = Start();
  ExpectMirrored("web", 1, 1, ids);
  EXPECT_EQ(Term(Status(), "all", "web", "egress", "mirrored"), 200u) << "its counters are not the old one's";
}

TEST_F(InterfaceTest, ANamespaceThatIsDeletedUnderLoadTakesNobodyAlong) {
  AddPod("app", 2);
  Write("pods.yaml", PodYaml("web", PodIp(1)) + PodYaml("app", PodIp(2)));
  Write("shop.yaml", SessionYaml({.name = "all", .vni = kShopVni}) + FilterYaml("all", kAcceptAll, kAcceptAll) +
                         AddressTargetYaml("ids", NicIp(1)));
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  const std::uint32_t old = if_nametoindex("veth-app");
  Load steady({.network_namespace = "web", .to = HostIp(1), .flow = 1});
  Load ending({.network_namespace = "", .to = PodIp(2), .flow = 2, .may_break = true});
  ASSERT_TRUE(ending.Await(200));
  Shell("ip netns exec app ip link del eth0; ip netns del app");
  ASSERT_TRUE(local->Says("InterfaceNotFound")) << local->err();
  ASSERT_TRUE(steady.Await(500));
  const std::uint32_t sent = steady.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1), sent), "");
  EXPECT_GE(ids.Numbers(2).size(), 200u);
  EXPECT_EQ(NoneTwice(ids.Numbers(2)), "");
  EXPECT_FALSE(HasPin(old, "egress"));
  EXPECT_FALSE(HasPin(old, "ingress"));
}

TEST_F(InterfaceTest, ThePodThatAppearsLateIsMirroredFromThenOn) {
  Write("pods.yaml", PodYaml("late", PodIp(3)));
  Write("shop.yaml", SessionYaml({.name = "all", .vni = kShopVni}) + FilterYaml("all", kAcceptAll, kAcceptAll) +
                         AddressTargetYaml("ids", NicIp(1)));
  const auto local = Start();
  EXPECT_THAT(local->err(), HasSubstr("InterfaceNotFound"));
  AddPod("late", 3);
  ASSERT_TRUE(local->Says("session default/all: Programmed (1 of 1 pod mirroring)")) << local->err();
  const Receiver ids("ids", kVxlan);
  ExpectMirrored("late", 3, 1, ids);
}

TEST_F(InterfaceTest, WhoeverComesFirstIsOvertakenOnceAndThenNamed) {
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  const auto is_first = [](Hook hook, const std::string& direction) {
    const std::uint32_t ours = ReadPinnedLink(std::to_string(if_nametoindex("veth-web")) + "-" + direction).id;
    const auto links = LinksAt("veth-web", hook);
    return ours != 0 && !links.empty() && links.front() == ours;
  };
  const Fd once = AttachRival("veth-web", Hook::kTcxIngress);
  EXPECT_FALSE(is_first(Hook::kTcxIngress, "egress"));
  EXPECT_TRUE(Await([&] { return is_first(Hook::kTcxIngress, "egress"); })) << local->err();
  EXPECT_THAT(local->err(), Not(HasSubstr("NotFirst")));
  Fd twice = AttachRival("veth-web", Hook::kTcxIngress);
  ASSERT_TRUE(local->Says("NotFirst")) << local->err();
  EXPECT_FALSE(is_first(Hook::kTcxIngress, "egress"));
  EXPECT_EQ(SourceReason(StatusNow(), "all", "web"), "NotFirst");
  // Second in line it mirrors what the first lets pass.
  const std::uint32_t from = load.sent();
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.Await(1, sent - 1));
  const auto numbers = ids.Numbers(1);
  EXPECT_EQ(NoneTwice(numbers), "");
  EXPECT_EQ(std::distance(numbers.lower_bound(from + 1), numbers.end()), sent - from - 1);
  twice = Fd();
  EXPECT_TRUE(local->Says("session default/all: Programmed")) << "the other has gone: " << local->err();
  EXPECT_EQ(SourceReason(Status(), "all", "web"), "Mirroring");
}

}  // namespace
}  // namespace podmirror::testing
