// Pods of local mode against a live kernel: each test in a network namespace of its own.
#include "node-agent/pods/local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/datapath/pods/follower.h"

namespace podmirror::pods {
namespace {

using podmirror::testing::Shell;
using ::testing::HasSubstr;
using ::testing::Not;

LocalPlace ByName(const std::string& interface) { return {interface, "", {}}; }
LocalPlace ByNetns(const std::string& netns, const std::vector<std::string>& ips) {
  LocalPlace place{"", netns, {}};
  for (const std::string& ip : ips) place.ips.push_back(*IpAddress::Parse(ip));
  return place;
}

class LocalPodsTest : public Follower<LocalPods> {
 protected:
  // Pod "p1": host side veth-p1, inside eth0 with 10.0.0.2 and fd00::2. Its links are down.
  static void MakeQuietPod() {
    Shell(R"(
      ip netns add p1
      ip link add veth-p1 address 02:00:00:00:00:01 mtu 1400 type veth peer name eth0 netns p1
      ip -n p1 addr add 10.0.0.2/24 dev eth0
      ip -n p1 addr add fd00::2/64 dev eth0 nodad
    )");
  }
  // Links that come up cause events for another second or two: carrier, link-local addresses.
  static void MakePod() {
    MakeQuietPod();
    Shell(R"(
      ip -n p1 link set lo up
      ip link set veth-p1 up
      ip -n p1 link set eth0 up
    )");
  }

  const PodLink& Follow(LocalPlace place) {
    pods_->Follow({{kPod, std::move(place)}});
    return Link();
  }
  void ExpectNone(LocalPlace place, std::string_view reason, const std::string& word) {
    Follower::ExpectNone(Follow(std::move(place)), reason, word);
  }
};

TEST_F(LocalPodsTest, FindsAnInterfaceByName) {
  MakePod();
  const PodLink link = Follow(ByName("veth-p1"));
  EXPECT_GT(link.ifindex, 0u);
  EXPECT_EQ(link.name, "veth-p1");
  EXPECT_EQ(link.mac.ToString(), "02:00:00:00:00:01");
  EXPECT_EQ(link.mtu, 1400u);
  EXPECT_GT(link.peer_ifindex, 0u);
  EXPECT_GE(link.peer_namespace, 0);
  EXPECT_EQ(link.reason, "");
}

TEST_F(LocalPodsTest, FindsTheSameInterfaceByNamespaceAndEitherAddress) {
  MakePod();
  const PodLink by_name = Follow(ByName("veth-p1"));
  EXPECT_EQ(Follow(ByNetns("p1", {"10.0.0.2"})), by_name) << Link().message;
  EXPECT_EQ(Follow(ByNetns("p1", {"fd00::2"})), by_name) << Link().message;
  EXPECT_EQ(Follow(ByNetns("p1", {"192.0.2.1", "10.0.0.2"})), by_name) << Link().message;
}

TEST_F(LocalPodsTest, FindsAnInterfaceThatWasMovedIntoThePod) {
  Shell(R"(
    ip netns add p1
    ip link add veth-p1 type veth peer name eth0
    ip link set eth0 netns p1
    ip -n p1 addr add 10.0.0.2/24 dev eth0
  )");
  EXPECT_GT(Follow(ByNetns("p1", {"10.0.0.2"})).ifindex, 0u) << Link().message;
}

TEST_F(LocalPodsTest, TakesTheInterfaceThatHoldsTheFirstListedAddress) {
  MakePod();
  Shell(R"(
    ip link add veth-two type veth peer name eth1 netns p1
    ip -n p1 addr add 10.1.0.2/24 dev eth1
  )");
  EXPECT_EQ(Follow(ByNetns("p1", {"10.1.0.2", "10.0.0.2"})).name, "veth-two");
  EXPECT_EQ(Follow(ByNetns("p1", {"10.0.0.2", "10.1.0.2"})).name, "veth-p1");
}

TEST_F(LocalPodsTest, ListsWhatToWriteWhenTheInterfaceIsMissing) {
  MakePod();
  Shell(R"(
    ip link add pm-copy0 type veth peer name pm-copy1
    ip tuntap add mode tun name tun7
  )");
  ExpectNone(ByName("veth-p2"), reason::kInterfaceNotFound, "no interface veth-p2");
  EXPECT_THAT(Link().message, HasSubstr("with one of veth-p1"));
  EXPECT_THAT(Link().message, Not(HasSubstr("pm-copy0")));
  EXPECT_THAT(Link().message, Not(HasSubstr("tun7")));
}

TEST_F(LocalPodsTest, RefusesInterfacesThatCannotBeAPods) {
  Shell(R"(
    ip link add pm-copy0 type veth peer name pm-copy1
    ip tuntap add mode tun name tun7
  )");
  ExpectNone(ByName("lo"), reason::kUnsupportedInterface, "loopback");
  ExpectNone(ByName("pm-copy0"), reason::kUnsupportedInterface, "Podmirror itself");
  ExpectNone(ByName("tun7"), reason::kUnsupportedInterface, "Ethernet header (tun)");
}

TEST_F(LocalPodsTest, RefusesNamesThatCannotBeNames) {
  for (const char* name : {"../veth", "a/b", "abcdefghijklmnop", "a b", "..", "a:1"}) {
    ExpectNone(ByName(name), reason::kInterfaceNotFound, "cannot be an interface's name");
  }
  for (const std::string& name : {std::string("../p1"), std::string("a/b"), std::string("."), std::string(300, 'x')}) {
    ExpectNone(ByNetns(name, {"10.0.0.2"}), reason::kInterfaceNotFound, "cannot be a network namespace's name");
  }
}

TEST_F(LocalPodsTest, SaysWhichNamespacesThereAre) {
  ExpectNone(ByNetns("p9", {"10.0.0.2"}), reason::kInterfaceNotFound, "ip netns add");
  MakePod();
  Shell("touch /run/netns/plain");
  ExpectNone(ByNetns("p8", {"10.0.0.2"}), reason::kInterfaceNotFound, "/run/netns/p8");
  EXPECT_THAT(Link().message, HasSubstr("one of p1"));
  ExpectNone(ByNetns("plain", {"10.0.0.2"}), reason::kInterfaceNotFound, "not a network namespace");
}

TEST_F(LocalPodsTest, SaysWhichAddressesItLookedFor) {
  MakePod();
  ExpectNone(ByNetns("p1", {"10.0.0.3", "fd00::3"}), reason::kInterfaceNotFound, "10.0.0.3 or fd00::3");
  ExpectNone(ByNetns("p1", {}), reason::kInterfaceNotFound, "status.podIPs");
}

TEST_F(LocalPodsTest, RefusesANamespaceWhoseInterfaceDoesNotEndHere) {
  Shell(R"(
    ip netns add p1
    ip netns add p2
    ip -n p1 link add eth0 type veth peer name eth0 netns p2
    ip -n p1 addr add 10.0.0.2/24 dev eth0
  )");
  ExpectNone(ByNetns("p1", {"10.0.0.2"}), reason::kInterfaceNotFound, "no interface in network namespace p1");
  // Now another of its links ends here, so that it can be looked into.
  Shell("ip link add veth-p1 type veth peer name eth1 netns p1");
  ASSERT_TRUE(Await([&] { return Link().reason == reason::kUnsupportedInterface; }));
  EXPECT_THAT(Link().message, HasSubstr("other end of eth0"));
  Shell("ip -n p1 addr add 10.0.0.5/32 dev lo");
  ExpectNone(ByNetns("p1", {"10.0.0.5"}), reason::kUnsupportedInterface, "loopback");
}

// Interface 50 of this host and interface 60 of p1 name each other's numbers, but each means one in yet another
// namespace.
TEST_F(LocalPodsTest, IsNotMisledByEqualNumbersInOtherNamespaces) {
  Shell(R"(
    for n in p1 p2 p3; do ip netns add $n; done
    ip link add veth-p3 index 50 type veth peer name eth0 index 60 netns p3
    ip -n p1 link add eth0 index 60 type veth peer name other index 50 netns p2
    ip -n p1 addr add 10.0.0.2/24 dev eth0
    ip link add veth-p1 type veth peer name eth1 netns p1
  )");
  ExpectNone(ByNetns("p1", {"10.0.0.2"}), reason::kUnsupportedInterface, "other end of eth0");
}

TEST_F(LocalPodsTest, RefusesAMacvlanInThePod) {
  Shell(R"(
    ip netns add p1
    ip link add uplink type veth peer name other
    ip link add link uplink name eth0 netns p1 type macvlan
    ip -n p1 addr add 10.0.0.2/24 dev eth0
  )");
  ExpectNone(ByNetns("p1", {"10.0.0.2"}), reason::kInterfaceNotFound, "macvlan");
  // With a veth beside it the namespace can be looked into, and the interface itself is refused.
  Shell("ip link add veth-p1 type veth peer name eth1 netns p1");
  ASSERT_TRUE(Await([&] { return Link().reason == reason::kUnsupportedInterface; }));
  EXPECT_THAT(Link().message, HasSubstr("a macvlan, not a veth"));
}

TEST_F(LocalPodsTest, RefusesTheHostsOwnNamespace) {
  Shell("touch /run/netns/self && mount --bind /proc/self/ns/net /run/netns/self");
  ExpectNone(ByNetns("self", {"10.0.0.2"}), reason::kUnsupportedInterface, "local-interface");
}

TEST_F(LocalPodsTest, FollowsAnInterfaceThatAppearsGoesAndComesBack) {
  ExpectNone(ByName("veth-p1"), reason::kInterfaceNotFound, "veth-p1");
  MakePod();
  ASSERT_TRUE(Await([&] { return Link().ifindex != 0 && Link().mtu == 1400; }));
  const PodLink first = Link();
  Shell("ip link del veth-p1");
  ASSERT_TRUE(Await([&] { return Link().reason == reason::kInterfaceNotFound; }));
  Shell("ip link add veth-p1 type veth peer name eth0 netns p1");
  ASSERT_TRUE(Await([&] { return Link().ifindex != 0; }));
  EXPECT_NE(Link(), first);
}

TEST_F(LocalPodsTest, TellsAReusedIndexByItsOtherEnd) {
  MakePod();
  const PodLink first = Follow(ByNetns("p1", {"10.0.0.2"}));
  const std::string index = std::to_string(first.ifindex);
  Shell(R"(
    ip link del veth-p1
    ip netns add p2
  )");
  Shell("ip link add veth-p1 index " + index + " address 02:00:00:00:00:01 mtu 1400 type veth peer name eth0 netns p2");
  Shell("ip -n p2 addr add 10.0.0.2/24 dev eth0\nip link set veth-p1 up");
  // p1 has lost its interface; the one that is there now is p2's.
  ASSERT_TRUE(Await([&] { return Link().ifindex == 0; }));
  const PodLink second = Follow(ByNetns("p2", {"10.0.0.2"}));
  EXPECT_EQ(second.ifindex, first.ifindex);
  EXPECT_NE(second.peer_namespace, first.peer_namespace);
}

TEST_F(LocalPodsTest, FollowsANamespaceThatAppearsLater) {
  ExpectNone(ByNetns("p1", {"10.0.0.2"}), reason::kInterfaceNotFound, "/run/netns/p1");
  MakePod();
  ASSERT_TRUE(Await([&] { return Link().ifindex != 0; }));
  EXPECT_EQ(Link().name, "veth-p1");
}

TEST_F(LocalPodsTest, FindsANamespaceThatGetsItsNameWithoutAnyEvent) {
  MakeQuietPod();
  ExpectNone(ByNetns("late", {"10.0.0.2"}), reason::kInterfaceNotFound, "/run/netns/late");
  ASSERT_TRUE(pods_->Process()) << "what happened so far";
  Shell("touch /run/netns/late && mount --bind /run/netns/p1 /run/netns/late");
  ASSERT_TRUE(Await([&] { return Link().ifindex != 0; }));
  EXPECT_EQ(Link().name, "veth-p1");
}

TEST_F(LocalPodsTest, FollowsAnAddressThatComesLater) {
  MakeQuietPod();
  ExpectNone(ByNetns("p1", {"10.7.0.2"}), reason::kInterfaceNotFound, "10.7.0.2");
  Shell("ip -n p1 addr add 10.7.0.2/24 dev eth0");
  EXPECT_TRUE(Await([&] { return Link().ifindex != 0; }));
}

TEST_F(LocalPodsTest, FollowsAnAddressThatMovesInsideThePod) {
  MakeQuietPod();
  Shell("ip link add veth-two type veth peer name eth1 netns p1");
  EXPECT_EQ(Follow(ByNetns("p1", {"10.0.0.2"})).name, "veth-p1");
  ASSERT_TRUE(pods_->Process()) << "what happened so far";
  Shell(R"(
    ip -n p1 addr del 10.0.0.2/24 dev eth0
    ip -n p1 addr add 10.0.0.2/24 dev eth1
  )");
  EXPECT_TRUE(Await([&] { return Link().name == "veth-two"; }));
}

TEST_F(LocalPodsTest, FollowsMacMtuAndName) {
  MakePod();
  const std::uint32_t index = Follow(ByNetns("p1", {"10.0.0.2"})).ifindex;
  Shell("ip link set veth-p1 mtu 1300");
  EXPECT_TRUE(Await([&] { return Link().mtu == 1300; }));
  Shell("ip link set veth-p1 address 02:00:00:00:00:44");
  EXPECT_TRUE(Await([&] { return Link().mac.ToString() == "02:00:00:00:00:44"; }));
  Shell("ip link set veth-p1 down && ip link set veth-p1 name veth-new && ip link set veth-new up");
  EXPECT_TRUE(Await([&] { return Link().name == "veth-new"; }));
  EXPECT_EQ(Link().ifindex, index);
}

TEST_F(LocalPodsTest, HasOneEntryForEachPlace) {
  MakePod();
  const ObjectKey other{"shop", "b"};
  pods_->Follow({{kPod, ByName("veth-p1")}, {other, ByName("nothing")}});
  ASSERT_EQ(pods_->Current().size(), 2u);
  EXPECT_EQ(pods_->Current().at(kPod).reason, "");
  EXPECT_EQ(pods_->Current().at(other).reason, reason::kInterfaceNotFound);
  pods_->Follow({});
  EXPECT_TRUE(pods_->Current().empty());
}

}  // namespace
}  // namespace podmirror::pods
