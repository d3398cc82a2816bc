// Pods of a cluster against a live kernel: found by address alone.
#include "node-agent/pods/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/datapath/pods/follower.h"

namespace podmirror::pods {
namespace {

using podmirror::testing::Shell;
using ::testing::HasSubstr;

const ObjectKey kOther{"shop", "b"};

std::vector<IpAddress> Ips(const std::vector<std::string>& texts) {
  std::vector<IpAddress> ips;
  for (const std::string& text : texts) ips.push_back(IpAddress::Parse(text).value());
  return ips;
}

class NodePodsTest : public Follower<NodePods> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Follower::SetUp());
    Shell(R"(
      for p in p1 p2; do
        ip netns add $p
        ip link add veth-$p type veth peer name eth0 netns $p
      done
      ip -n p1 addr add 10.0.0.2/24 dev eth0
      ip -n p1 addr add fd00::2/64 dev eth0 nodad
      ip -n p2 addr add 10.0.0.3/24 dev eth0
    )");
  }

  const PodLink& Follow(const std::vector<std::string>& ips) {
    pods_->Follow({{kPod, Ips(ips)}});
    return Link();
  }
  void ExpectNone(const std::vector<std::string>& ips, std::string_view reason, const std::string& word) {
    Follower::ExpectNone(Follow(ips), reason, word);
  }
};

TEST_F(NodePodsTest, FindsEachPodByEitherAddress) {
  const PodLink link = Follow({"10.0.0.2"});
  EXPECT_EQ(link.name, "veth-p1") << link.message;
  EXPECT_GT(link.ifindex, 0u);
  EXPECT_GT(link.peer_ifindex, 0u);
  EXPECT_GE(link.peer_namespace, 0);
  EXPECT_EQ(Follow({"fd00::2"}), link);
  EXPECT_EQ(Follow({"fd00::2", "10.0.0.2"}), link);
  EXPECT_EQ(Follow({"10.0.0.3"}).name, "veth-p2");
  pods_->Follow({{kPod, Ips({"10.0.0.2"})}, {kOther, Ips({"10.0.0.3"})}});
  EXPECT_EQ(pods_->Current().at(kPod).name, "veth-p1");
  EXPECT_EQ(pods_->Current().at(kOther).name, "veth-p2");
}

// As container runtimes make them: no name under /run/netns, only a process in it.
TEST_F(NodePodsTest, FindsAPodWhoseNamespaceHasNoName) {
  Shell(R"sh(
    ip netns add hidden
    ip link add veth-h type veth peer name eth0 netns hidden
    ip -n hidden addr add 10.0.0.9/24 dev eth0
    ip netns exec hidden sleep 60 &
    echo $! > /run/netns/pid
    while [ "$(readlink /proc/$(cat /run/netns/pid)/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
    ip netns del hidden
  )sh");
  ;
  EXPECT_EQ(Follow({"10.0.0.9"}).name, "veth-h") << Link().message;
  Shell("kill $(cat /run/netns/pid)");
  EXPECT_TRUE(Await([&] { return Link().ifindex == 0; })) << "the namespace ended with its last process";
}

TEST_F(NodePodsTest, DoesNotTakeTheNodesOwnAddressForAPods) {
  Shell("ip addr add 10.0.0.50/24 dev veth-p1");
  ExpectNone({"10.0.0.50"}, reason::kInterfaceNotFound, "10.0.0.50");
  ExpectNone({"127.0.0.1"}, reason::kInterfaceNotFound, "127.0.0.1");
  ExpectNone({}, reason::kInterfaceNotFound, "no address");
}

TEST_F(NodePodsTest, AnAddressInTwoNamespacesIsNobodysUnlessARouteLeadsToOne) {
  ASSERT_EQ(Follow({"10.0.0.2"}).name, "veth-p1");
  Shell("ip -n p2 addr add 10.0.0.2/32 dev eth0");
  ASSERT_TRUE(Await([&] { return Link().ifindex == 0; }));
  EXPECT_EQ(Link().reason, reason::kInterfaceNotFound);
  EXPECT_THAT(Link().message, HasSubstr("several network namespaces"));
  // As routed networks have it (Calico and others): one route for each pod.
  Shell(R"(
    ip link set veth-p1 up
    ip -n p1 link set eth0 up
    ip route add 10.0.0.2/32 dev veth-p1
  )");
  EXPECT_TRUE(Await([&] { return Link().name == "veth-p1"; }));
  Shell("ip -n p2 addr del 10.0.0.2/32 dev eth0\nip route del 10.0.0.2/32 dev veth-p1");
  EXPECT_TRUE(Await([&] { return Link().name == "veth-p1"; }));
}

TEST_F(NodePodsTest, AddressesOfOnePodInTwoNamespacesAreNobodys) {
  ExpectNone({"10.0.0.2", "10.0.0.3"}, reason::kInterfaceNotFound, "several network namespaces");
}

TEST_F(NodePodsTest, AnAddressThatTwoPodsAreSaidToHaveIsNeithers) {
  pods_->Follow({{kPod, Ips({"10.0.0.2"})}, {kOther, Ips({"fd00::7", "10.0.0.2"})}});
  for (const ObjectKey& pod : {kPod, kOther}) {
    EXPECT_EQ(pods_->Current().at(pod).ifindex, 0u);
    EXPECT_THAT(pods_->Current().at(pod).message, HasSubstr("of shop/a and of shop/b"));
  }
  pods_->Follow({{kPod, Ips({"10.0.0.2"})}});
  EXPECT_EQ(Link().name, "veth-p1");
}

TEST_F(NodePodsTest, RefusesWhatIsNoVeth) {
  Shell(R"(
    ip link add uplink type veth peer name other
    ip link add link uplink name mac0 netns p1 type macvlan
    ip -n p1 addr add 10.5.0.2/24 dev mac0
    ip -n p1 addr add 10.6.0.2/32 dev lo
    ip -n p1 link add eth9 type veth peer name eth9 netns p2
    ip -n p1 addr add 10.7.0.2/24 dev eth9
  )");
  ExpectNone({"10.5.0.2"}, reason::kUnsupportedInterface, "macvlan");
  ExpectNone({"10.6.0.2"}, reason::kUnsupportedInterface, "loopback");
  ExpectNone({"10.7.0.2"}, reason::kUnsupportedInterface, "not in this node's network namespace");
}

TEST_F(NodePodsTest, IsNotMisledByEqualNumbersInOtherNamespaces) {
  Shell(R"(
    for n in p5 p6; do ip netns add $n; done
    ip link add veth-p5 index 50 type veth peer name eth0 index 60 netns p5
    ip -n p1 link add eth7 index 60 type veth peer name other index 50 netns p6
    ip -n p1 addr add 10.7.0.2/24 dev eth7
  )");
  ExpectNone({"10.7.0.2"}, reason::kUnsupportedInterface, "not in this node's network namespace");
}

TEST_F(NodePodsTest, FollowsAPodThatAppearsGoesAndComesBack) {
  ExpectNone({"10.0.0.4"}, reason::kInterfaceNotFound, "10.0.0.4");
  Shell(R"(
    ip netns add p4
    ip link add veth-p4 type veth peer name eth0 netns p4
    ip -n p4 addr add 10.0.0.4/24 dev eth0
  )");
  ASSERT_TRUE(Await([&] { return Link().ifindex != 0; }));
  const PodLink first = Link();
  Shell("ip netns del p4");
  ASSERT_TRUE(Await([&] { return Link().ifindex == 0; }));
  // The number is used again, by another pod.
  Shell("ip netns add p5\nip link add veth-p5 index " + std::to_string(first.ifindex) +
        " type veth peer name eth0 netns p5\nip -n p5 addr add 10.0.0.5/24 dev eth0");
  ASSERT_TRUE(pods_->Process());
  EXPECT_EQ(Link().ifindex, 0u);
  const PodLink second = Follow({"10.0.0.5"});
  EXPECT_EQ(second.ifindex, first.ifindex);
  EXPECT_NE(second, first);
}

TEST_F(NodePodsTest, FollowsAnAddressThatComesLater) {
  ExpectNone({"10.7.0.2"}, reason::kInterfaceNotFound, "10.7.0.2");
  Shell("ip -n p1 addr add 10.7.0.2/24 dev eth0");
  EXPECT_TRUE(Await([&] { return Link().name == "veth-p1"; }));
}

TEST_F(NodePodsTest, FollowsNobodyUntilItIsTold) {
  EXPECT_TRUE(pods_->Current().empty());
  EXPECT_TRUE(pods_->Process());
  Follow({"10.0.0.2"});
  pods_->Follow({});
  EXPECT_TRUE(pods_->Current().empty());
}

}  // namespace
}  // namespace podmirror::pods
