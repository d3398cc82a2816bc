// Facts as the kernel may give them -> next hop.
#include "node-agent/routes/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "contract/reasons.h"

namespace podmirror::routes {
namespace {

using ::testing::HasSubstr;

const IpAddress kCollector = IpAddress::V4({10, 1, 0, 9});
const IpAddress kRouter = IpAddress::V4({10, 0, 0, 1});
const IpAddress kOurs = IpAddress::V4({10, 0, 0, 2});
const MacAddress kRouterMac{{2, 0, 0, 0, 0, 1}};
const MacAddress kOurMac{{2, 0, 0, 0, 0, 2}};

// A collector behind a router on eth0.
Facts Usable() {
  Facts facts;
  facts.route.type = RTN_UNICAST;
  facts.route.ifindex = 4;
  facts.route.gateway = kRouter;
  facts.route.source = kOurs;
  DeviceFact device;
  device.link.ifindex = 4;
  device.link.name = "eth0";
  device.link.hardware = ARPHRD_ETHER;
  device.link.flags = IFF_UP | IFF_LOWER_UP;
  device.link.mac = kOurMac;
  device.link.mtu = 1500;
  device.has_line_rate = true;
  device.bits_per_second = 1'000'000'000;
  facts.device = device;
  facts.neighbour = NeighbourFact{NUD_REACHABLE, kRouterMac};
  return facts;
}

void ExpectReason(const NextHop& hop, std::string_view reason, const std::string& word) {
  EXPECT_EQ(hop.reason, reason) << hop.message;
  EXPECT_THAT(hop.message, HasSubstr(word));
}

TEST(Judge, GivesTheWholeNextHopBehindARouter) {
  NextHop expected;
  expected.ifindex = 4;
  expected.device = "eth0";
  expected.gateway = kRouter;
  expected.source = kOurs;
  expected.smac = kOurMac;
  expected.dmac = kRouterMac;
  expected.mtu = 1500;
  expected.has_line_rate = true;
  expected.bits_per_second = 1'000'000'000;
  expected.neighbour = NeighbourState::kResolved;
  EXPECT_EQ(Judge(kCollector, Usable()), expected);
}

TEST(Judge, TakesTheAddressItselfAsNextHopOnAConnectedRoute) {
  Facts facts = Usable();
  facts.route.gateway.reset();
  EXPECT_EQ(Judge(kCollector, facts).gateway, kCollector);
}

TEST(Judge, TakesTheLowerOfRouteAndDeviceMtu) {
  Facts facts = Usable();
  facts.route.mtu = 1400;
  EXPECT_EQ(Judge(kCollector, facts).mtu, 1400u);
  facts.route.mtu = 9000;
  EXPECT_EQ(Judge(kCollector, facts).mtu, 1500u);
}

TEST(Judge, CarriesWhatTheDeviceSaysAboutItself) {
  Facts facts = Usable();
  facts.device->completes_checksums = false;
  facts.device->has_line_rate = false;
  facts.device->bits_per_second = 0;
  const NextHop hop = Judge(kCollector, facts);
  EXPECT_FALSE(hop.completes_checksums);
  EXPECT_FALSE(hop.has_line_rate);
  EXPECT_EQ(hop.bits_per_second, 0u);
}

TEST(Judge, SaysForEachKindOfRefusalWhatToRemove) {
  const std::pair<int, const char*> cases[] = {{ENETUNREACH, "no route to 10.1.0.9"},
                                               {EHOSTUNREACH, "unreachable"},
                                               {EACCES, "prohibits"},
                                               {EINVAL, "blackhole"}};
  for (const auto& [code, word] : cases) {
    Facts facts;
    facts.route.refusal = code;
    ExpectReason(Judge(kCollector, facts), reason::kNoRoute, word);
  }
}

TEST(Judge, RefusesRouteTypesThatReachNoOtherMachine) {
  const std::pair<std::uint8_t, const char*> cases[] = {
      {RTN_LOCAL, "of this node itself"}, {RTN_BROADCAST, "broadcast"}, {RTN_MULTICAST, "multicast"}};
  for (const auto& [type, word] : cases) {
    Facts facts = Usable();
    facts.route.type = type;
    ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, word);
  }
  Facts facts = Usable();
  facts.route.type = RTN_BLACKHOLE;
  ExpectReason(Judge(kCollector, facts), reason::kNoRoute, "10.1.0.9");
}

TEST(Judge, RefusesAnIpv6Collector) {
  const IpAddress v6 = *IpAddress::Parse("fd00::9");
  ExpectReason(Judge(v6, Usable()), reason::kUnsupportedEgress, "IPv4 only");
}

TEST(Judge, NeedsASourceAddress) {
  Facts facts = Usable();
  facts.route.source.reset();
  ExpectReason(Judge(kCollector, facts), reason::kNoRoute, "address to send from");
}

TEST(Judge, NamesADeviceWithoutEthernetHeader) {
  Facts facts = Usable();
  facts.device->link.hardware = ARPHRD_NONE;
  facts.device->link.name = "wg0";
  facts.device->link.kind = "wireguard";
  ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, "wg0 (wireguard)");
}

TEST(Judge, NamesAFlowBasedTunnel) {
  Facts facts = Usable();
  facts.device->link.name = "flow0";
  facts.device->link.collect_metadata = true;
  ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, "flow0");
  facts = Usable();
  facts.device->link.name = "cilium_host";
  ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, "cilium_host");
  facts = Usable();
  facts.device->link.name = "pm-copy0";
  ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, "pm-copy0");
}

TEST(Judge, HasNoRouteOverADeviceThatIsGoneDownOrWithoutCarrier) {
  Facts facts = Usable();
  facts.device.reset();
  ExpectReason(Judge(kCollector, facts), reason::kNoRoute, "gone");
  facts = Usable();
  facts.device->link.flags = 0;
  ExpectReason(Judge(kCollector, facts), reason::kNoRoute, "eth0, which is down");
  facts.device->link.flags = IFF_UP;
  ExpectReason(Judge(kCollector, facts), reason::kNoRoute, "no carrier");
}

TEST(Judge, TakesEveryStateWithAMacAsResolved) {
  for (std::uint16_t state : {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT, NUD_NOARP}) {
    Facts facts = Usable();
    facts.neighbour->state = state;
    const NextHop hop = Judge(kCollector, facts);
    EXPECT_EQ(hop.reason, "") << state;
    EXPECT_EQ(hop.dmac, kRouterMac) << state;
  }
}

TEST(Judge, IsPendingWhileTheNeighbourIsAbsentOrAsked) {
  Facts facts = Usable();
  facts.neighbour.reset();
  NextHop hop = Judge(kCollector, facts);
  ExpectReason(hop, reason::kNeighbourPending, "10.0.0.1 on eth0");
  EXPECT_EQ(hop.neighbour, NeighbourState::kAbsent);
  facts.neighbour = NeighbourFact{NUD_INCOMPLETE, std::nullopt};
  hop = Judge(kCollector, facts);
  ExpectReason(hop, reason::kNeighbourPending, "10.0.0.1 on eth0");
  EXPECT_EQ(hop.neighbour, NeighbourState::kPending);
}

TEST(Judge, KeepsANeighbourFailedWhileItIsAskedAgain) {
  Facts facts = Usable();
  facts.neighbour = NeighbourFact{NUD_FAILED, std::nullopt};
  ExpectReason(Judge(kCollector, facts), reason::kNeighbourFailed, "10.0.0.1 on eth0");
  facts.neighbour = NeighbourFact{NUD_INCOMPLETE, std::nullopt};
  facts.failed_before = true;
  ExpectReason(Judge(kCollector, facts), reason::kNeighbourFailed, "10.0.0.1 on eth0");
}

TEST(Judge, FailedNeighbourWithAnOldMacGivesNoMac) {
  Facts facts = Usable();
  facts.neighbour->state = NUD_FAILED;
  const NextHop hop = Judge(kCollector, facts);
  EXPECT_EQ(hop.neighbour, NeighbourState::kFailed);
  EXPECT_EQ(hop.dmac, MacAddress{});
}

TEST(Judge, NeedsAStaticEntryOnADeviceThatDoesNotResolve) {
  Facts facts = Usable();
  facts.device->link.flags |= IFF_NOARP;
  EXPECT_EQ(Judge(kCollector, facts).reason, "");
  facts.neighbour.reset();
  ExpectReason(Judge(kCollector, facts), reason::kUnsupportedEgress, "ip neigh add");
}

}  // namespace
}  // namespace podmirror::routes
