// Routes against a live kernel: each test in a network namespace of its own.
#include "node-agent/routes/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/private_network.h"

namespace podmirror::routes {
namespace {

using podmirror::testing::AwaitOn;
using podmirror::testing::Shell;
using ::testing::HasSubstr;

IpAddress Ip(const std::string& text) { return *IpAddress::Parse(text); }

// The node is 10.0.0.1 on veth `uplink`, whose other end is 10.0.0.2 in namespace `peer`.
class RoutesTest : public podmirror::testing::PrivateNetwork {
 protected:
  void SetUp() override {
    PrivateNetwork::SetUp();
    Shell(R"(
      ip netns add peer
      ip -n peer link set lo up
      ip link add uplink address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns peer
      ip addr add 10.0.0.1/24 dev uplink
      ip -n peer addr add 10.0.0.2/24 dev eth0
      ip -n peer link set eth0 up
      ip link set uplink up
    )");
    auto opened = Routes::Open();
    ASSERT_TRUE(opened) << Describe(opened.error());
    routes_ = std::move(*opened);
  }

  const NextHop& Follow(const std::string& address) {
    routes_->Follow({Ip(address)});
    return routes_->Current().at(Ip(address));
  }
  const NextHop& At(const std::string& address) const { return routes_->Current().at(Ip(address)); }

  bool Await(const std::function<bool()>& done) {
    return AwaitOn(routes_->fd(), [this] { ProcessOnce(); }, done);
  }
  bool ProcessOnce() {
    auto changed = routes_->Process();
    EXPECT_TRUE(changed) << Describe(changed.error());
    return changed && *changed;
  }
  bool AwaitReason(const std::string& address, std::string_view reason) {
    const bool came = Await([&] { return At(address).reason == reason; });
    if (!came) ADD_FAILURE() << "still " << At(address).reason << ": " << At(address).message;
    return came;
  }

  std::unique_ptr<Routes> routes_;
};

TEST_F(RoutesTest, ResolvesANeighbourAndFollowsItsMac) {
  EXPECT_EQ(Follow("10.0.0.2").reason, reason::kNeighbourPending);
  EXPECT_EQ(At("10.0.0.2").neighbour, NeighbourState::kAbsent);
  Shell("ip neigh add 10.0.0.2 dev uplink managed extern_learn");
  ASSERT_TRUE(AwaitReason("10.0.0.2", ""));
  const NextHop hop = At("10.0.0.2");
  EXPECT_EQ(hop.device, "uplink");
  EXPECT_EQ(hop.gateway, Ip("10.0.0.2"));
  EXPECT_EQ(hop.source, Ip("10.0.0.1"));
  EXPECT_EQ(hop.smac.ToString(), "02:00:00:00:00:01");
  EXPECT_EQ(hop.dmac.ToString(), "02:00:00:00:00:02");
  EXPECT_EQ(hop.mtu, 1500u);
  EXPECT_EQ(hop.neighbour, NeighbourState::kResolved);
  EXPECT_FALSE(hop.has_line_rate);
  EXPECT_EQ(hop.bits_per_second, 0u);

  Shell("ip neigh replace 10.0.0.2 dev uplink lladdr 02:00:00:00:00:77 nud reachable");
  EXPECT_TRUE(Await([&] { return At("10.0.0.2").dmac.ToString() == "02:00:00:00:00:77"; }));
  Shell("ip link set uplink address 02:00:00:00:00:99");
  EXPECT_TRUE(Await([&] { return At("10.0.0.2").smac.ToString() == "02:00:00:00:00:99"; }));
}

TEST_F(RoutesTest, NeighbourThatChangesItsStateButNotItsMacIsNoChange) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud reachable");
  EXPECT_EQ(Follow("10.0.0.2").reason, "");
  for (const char* state : {"stale", "delay", "permanent", "noarp", "stale"}) {
    ProcessOnce();
    Shell(std::string("ip neigh replace 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud ") + state);
    pollfd entry{routes_->fd(), POLLIN, 0};
    EXPECT_EQ(poll(&entry, 1, 5000), 1) << state;
    EXPECT_FALSE(ProcessOnce()) << state;
    EXPECT_EQ(At("10.0.0.2").reason, "") << state;
  }
}

TEST_F(RoutesTest, SaysThatASilentNeighbourHasFailedAndSeesItComeBack) {
  Shell("sysctl -qw net.ipv4.neigh.uplink.retrans_time_ms=100");
  EXPECT_EQ(Follow("10.0.0.7").reason, reason::kNeighbourPending);
  Shell("ip neigh add 10.0.0.7 dev uplink managed extern_learn");
  ASSERT_TRUE(AwaitReason("10.0.0.7", reason::kNeighbourFailed));
  EXPECT_THAT(At("10.0.0.7").message, HasSubstr("10.0.0.7 on uplink"));
  EXPECT_EQ(At("10.0.0.7").neighbour, NeighbourState::kFailed);
  // It answers, and speaks first so that nobody waits for the kernel's next attempt.
  Shell(R"(
    ip -n peer addr add 10.0.0.7/24 dev eth0
    ip -n peer route add 10.0.0.1/32 dev eth0 src 10.0.0.7
    ip netns exec peer bash -c 'echo hello > /dev/udp/10.0.0.1/9'
  )");
  ASSERT_TRUE(AwaitReason("10.0.0.7", ""));
  EXPECT_EQ(At("10.0.0.7").dmac.ToString(), "02:00:00:00:00:02");
}

TEST_F(RoutesTest, KeepsANeighbourFailedWhileTheKernelAsksAgain) {
  Shell("ip neigh add 10.0.0.7 dev uplink nud failed");
  EXPECT_EQ(Follow("10.0.0.7").reason, reason::kNeighbourFailed);
  Shell(R"(
    sysctl -qw net.ipv4.neigh.uplink.retrans_time_ms=2000
    ip neigh replace 10.0.0.7 dev uplink use
    ip neigh show 10.0.0.7 | grep -q INCOMPLETE
    ip route add 10.9.0.0/16 via 10.0.0.2
  )");
  ProcessOnce();
  EXPECT_EQ(At("10.0.0.7").reason, reason::kNeighbourFailed);
  // A neighbour that nobody has seen fail is pending in the same state.
  Shell("ip neigh replace 10.0.0.8 dev uplink use");
  EXPECT_EQ(Follow("10.0.0.8").reason, reason::kNeighbourPending);
  EXPECT_EQ(At("10.0.0.8").neighbour, NeighbourState::kPending);
}

TEST_F(RoutesTest, NeighbourThatIsDeletedIsAbsentAgain) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  EXPECT_EQ(Follow("10.0.0.2").reason, "");
  Shell("ip neigh del 10.0.0.2 dev uplink");
  ASSERT_TRUE(AwaitReason("10.0.0.2", reason::kNeighbourPending));
  EXPECT_EQ(At("10.0.0.2").dmac, MacAddress{});
}

TEST_F(RoutesTest, GoesThroughARouterAndFollowsAChangedRoute) {
  Shell(R"(
    ip route add 10.9.0.0/16 via 10.0.0.2
    ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent
    ip neigh add 10.0.0.3 dev uplink lladdr 02:00:00:00:00:03 nud permanent
  )");
  NextHop hop = Follow("10.9.1.1");
  EXPECT_EQ(hop.reason, "") << hop.message;
  EXPECT_EQ(hop.gateway, Ip("10.0.0.2"));
  EXPECT_EQ(hop.dmac.ToString(), "02:00:00:00:00:02");
  Shell("ip route replace 10.9.0.0/16 via 10.0.0.3 mtu 1400");
  ASSERT_TRUE(Await([&] { return At("10.9.1.1").gateway == Ip("10.0.0.3"); }));
  EXPECT_EQ(At("10.9.1.1").dmac.ToString(), "02:00:00:00:00:03");
  EXPECT_EQ(At("10.9.1.1").mtu, 1400u);
  Shell("ip link set uplink mtu 1300");
  EXPECT_TRUE(Await([&] { return At("10.9.1.1").mtu == 1300u; }));
}

TEST_F(RoutesTest, TakesAnIpv6GatewayOfAnIpv4Route) {
  Shell(R"(
    ip route add 10.9.0.0/16 via inet6 fe80::2 dev uplink
    ip neigh add fe80::2 dev uplink lladdr 02:00:00:00:00:02 nud permanent
  )");
  const NextHop hop = Follow("10.9.1.1");
  EXPECT_EQ(hop.reason, "") << hop.message;
  EXPECT_EQ(hop.gateway, Ip("fe80::2"));
  EXPECT_EQ(hop.dmac.ToString(), "02:00:00:00:00:02");
}

TEST_F(RoutesTest, FollowsARouteThatAppearsAndOneThatGoes) {
  EXPECT_EQ(Follow("10.9.1.1").reason, reason::kNoRoute);
  EXPECT_THAT(At("10.9.1.1").message, HasSubstr("no route to 10.9.1.1"));
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  Shell("ip route add default via 10.0.0.2");
  ASSERT_TRUE(AwaitReason("10.9.1.1", ""));
  Shell("ip rule add to 10.9.1.1 pref 10 blackhole");
  ASSERT_TRUE(AwaitReason("10.9.1.1", reason::kNoRoute));
  Shell("ip rule del pref 10");
  ASSERT_TRUE(AwaitReason("10.9.1.1", ""));
  Shell("ip link set uplink down");
  ASSERT_TRUE(AwaitReason("10.9.1.1", reason::kNoRoute));
}

TEST_F(RoutesTest, FollowsANexthopObject) {
  // Out of compatibility the kernel tells of the routes as well, unless it is told not to.
  Shell(R"(
    sysctl -qw net.ipv4.nexthop_compat_mode=0
    ip nexthop add id 5 via 10.0.0.2 dev uplink
    ip route add 10.9.0.0/16 nhid 5
    ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent
    ip neigh add 10.0.0.3 dev uplink lladdr 02:00:00:00:00:03 nud permanent
  )");
  EXPECT_EQ(Follow("10.9.1.1").gateway, Ip("10.0.0.2"));
  ProcessOnce();
  Shell("ip nexthop replace id 5 via 10.0.0.3 dev uplink");
  EXPECT_TRUE(Await([&] { return At("10.9.1.1").gateway == Ip("10.0.0.3"); }));
}

TEST_F(RoutesTest, FollowsTheSourceAddress) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  EXPECT_EQ(Follow("10.0.0.2").source, Ip("10.0.0.1"));
  Shell(
      "ip addr add 10.0.0.5/24 dev uplink && ip addr del 10.0.0.1/24 dev uplink && ip addr replace 10.0.0.5/24 dev "
      "uplink");
  EXPECT_TRUE(Await([&] { return At("10.0.0.2").source == Ip("10.0.0.5"); }));
}

TEST_F(RoutesTest, SaysNoRouteForRoutesThatRefuse) {
  Shell(R"(
    ip route add unreachable 10.9.1.0/24
    ip route add prohibit 10.9.2.0/24
    ip route add blackhole 10.9.3.0/24
  )");
  const std::pair<const char*, const char*> cases[] = {
      {"10.9.1.1", "unreachable"}, {"10.9.2.1", "prohibits"}, {"10.9.3.1", "blackhole"}};
  for (const auto& [address, word] : cases) {
    const NextHop hop = Follow(address);
    EXPECT_EQ(hop.reason, reason::kNoRoute) << address;
    EXPECT_THAT(hop.message, HasSubstr(word));
  }
}

TEST_F(RoutesTest, SaysNoRouteWhileTheOtherEndIsDown) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  EXPECT_EQ(Follow("10.0.0.2").reason, "");
  Shell("ip -n peer link set eth0 down");
  ASSERT_TRUE(AwaitReason("10.0.0.2", reason::kNoRoute));
  EXPECT_THAT(At("10.0.0.2").message, HasSubstr("carrier"));
  Shell("ip -n peer link set eth0 up");
  EXPECT_TRUE(AwaitReason("10.0.0.2", ""));
}

TEST_F(RoutesTest, RefusesAddressesThatReachNoOtherMachine) {
  EXPECT_EQ(Follow("10.0.0.1").reason, reason::kUnsupportedEgress);
  EXPECT_THAT(At("10.0.0.1").message, HasSubstr("of this node itself"));
  EXPECT_EQ(Follow("10.0.0.255").reason, reason::kUnsupportedEgress);
  EXPECT_EQ(Follow("fd00::1").reason, reason::kUnsupportedEgress);
}

TEST_F(RoutesTest, NamesTheTunThatHasNoEthernetHeader) {
  Shell(R"(
    ip tuntap add mode tun name tun7
    ip addr add 10.7.0.1/24 dev tun7
    ip link set tun7 up
  )");
  const NextHop hop = Follow("10.7.0.2");
  EXPECT_EQ(hop.reason, reason::kUnsupportedEgress);
  EXPECT_THAT(hop.message, HasSubstr("tun7 (tun)"));
}

TEST_F(RoutesTest, NamesTheFlowBasedTunnelAndTakesAnOrdinaryVxlan) {
  Shell(R"(
    ip link add flow0 type vxlan external dstport 4790
    ip addr add 10.7.0.1/24 dev flow0
    ip link set flow0 up
    ip link add overlay0 type vxlan id 5 remote 10.0.0.2 dev uplink dstport 4789
    ip addr add 10.8.0.1/24 dev overlay0
    ip link set overlay0 up
    ip neigh add 10.8.0.2 dev overlay0 lladdr 02:00:00:00:00:08 nud permanent
  )");
  EXPECT_EQ(Follow("10.7.0.2").reason, reason::kUnsupportedEgress);
  EXPECT_THAT(At("10.7.0.2").message, HasSubstr("flow0"));
  const NextHop hop = Follow("10.8.0.2");
  EXPECT_EQ(hop.reason, "") << hop.message;
  EXPECT_EQ(hop.mtu, 1450u);
  EXPECT_TRUE(hop.completes_checksums);
  EXPECT_TRUE(hop.has_line_rate);
}

TEST_F(RoutesTest, FollowsWhetherAVethCompletesChecksums) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  EXPECT_FALSE(Follow("10.0.0.2").completes_checksums);
  Shell("ethtool -K uplink tx off > /dev/null");
  EXPECT_TRUE(Await([&] { return At("10.0.0.2").completes_checksums; }));
  Shell("ethtool -K uplink tx on > /dev/null");
  EXPECT_TRUE(Await([&] { return !At("10.0.0.2").completes_checksums; }));
}

TEST_F(RoutesTest, FollowsWhetherABridgeHasAPortThatLeavesChecksumsOpen) {
  Shell(R"(
    ip link add br0 type bridge
    ip addr add 10.5.0.1/24 dev br0
    ip link add p0 type veth peer name p1
    ip link set br0 up
    ip link set p0 up
    ip link set p1 up
    ethtool -K p0 tx off > /dev/null
    ip link set p0 master br0
    ip neigh add 10.5.0.2 dev br0 lladdr 02:00:00:00:00:05 nud permanent
  )");
  Follow("10.5.0.2");
  ASSERT_TRUE(AwaitReason("10.5.0.2", ""));
  EXPECT_TRUE(At("10.5.0.2").completes_checksums);
  EXPECT_FALSE(At("10.5.0.2").has_line_rate);
  EXPECT_EQ(At("10.5.0.2").device, "br0");
  Shell("ethtool -K p0 tx on > /dev/null");
  EXPECT_TRUE(Await([&] { return !At("10.5.0.2").completes_checksums; }));
  Shell("ip link set p0 nomaster");
  EXPECT_TRUE(Await([&] { return At("10.5.0.2").reason == reason::kNoRoute; }))
      << "a bridge without ports has no carrier";
}

TEST_F(RoutesTest, ReachesAnEndpointBehindAVethByItsHostRoute) {
  Shell(R"(
    ip link add calif type veth peer name eth1 netns peer
    ip link set calif up
    ip -n peer link set eth1 up
    ip -n peer addr add 10.244.0.5/32 dev eth1
    ip route add 10.244.0.5/32 dev calif src 10.0.0.1
    ip neigh add 10.244.0.5 dev calif managed extern_learn
  )");
  Follow("10.244.0.5");
  ASSERT_TRUE(AwaitReason("10.244.0.5", ""));
  EXPECT_EQ(At("10.244.0.5").device, "calif");
  EXPECT_EQ(At("10.244.0.5").gateway, Ip("10.244.0.5"));
}

TEST_F(RoutesTest, IgnoresAPathMtuThatSomebodySentByIcmp) {
  Shell(R"(
    ip route add 10.9.0.0/16 via 10.0.0.2 mtu 1440
    ip -n peer addr add 10.9.1.1/32 dev lo
    ip netns exec peer sysctl -qw net.ipv4.ip_forward=1
    ip -n peer link add far type veth peer name farther
    ip -n peer link set far mtu 1000 up
    ip -n peer link set farther mtu 1000 up
    ip -n peer route add 10.9.2.0/24 dev far
    ip -n peer neigh add 10.9.2.2 dev far lladdr 02:00:00:00:00:0a nud permanent
  )");
  Shell("bash -c 'head -c 1300 /dev/zero > /dev/udp/10.9.2.2/9'");
  Shell("ip route get 10.9.2.2 | grep -q 'mtu 1000'");
  EXPECT_EQ(Follow("10.9.2.2").mtu, 1440u);
}

TEST_F(RoutesTest, LosesNothingWhenEventsAreLost) {
  Shell("ip neigh add 10.0.0.2 dev uplink lladdr 02:00:00:00:00:02 nud permanent");
  EXPECT_EQ(Follow("10.0.0.2").reason, "");
  ProcessOnce();
  // Far more events than the socket holds, none of ours; the one that counts is the last, and lost.
  Shell(R"(awk 'BEGIN {
      for (i = 0; i < 20000; i++)
        printf "neigh add 10.%d.%d.1 dev uplink lladdr 02:00:00:00:00:09 nud permanent\n", 100 + i / 250, i % 250;
      print "neigh replace 10.0.0.2 dev uplink lladdr 02:00:00:00:00:66 nud permanent"
    }' | ip -batch -)");
  ProcessOnce();
  EXPECT_EQ(At("10.0.0.2").dmac.ToString(), "02:00:00:00:00:66");
}

TEST_F(RoutesTest, FollowsOnlyWhatIsAskedFor) {
  routes_->Follow({Ip("10.0.0.2"), Ip("10.9.1.1")});
  EXPECT_EQ(routes_->Current().size(), 2u);
  routes_->Follow({Ip("10.0.0.3")});
  ASSERT_EQ(routes_->Current().size(), 1u);
  EXPECT_EQ(routes_->Current().begin()->first, Ip("10.0.0.3"));
  routes_->Follow({});
  EXPECT_TRUE(routes_->Current().empty());
}

}  // namespace
}  // namespace podmirror::routes
