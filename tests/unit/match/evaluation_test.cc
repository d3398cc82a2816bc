// Several rules and several sessions: order, reject, exclusions, network services, limits.
#include <gtest/gtest.h>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

const Frame kFrame = V4({.payload = Ports(1000, 80)});
const Rule kAll{};
const Rule kNone = Of(Protocol{99});

pm_match_result MatchOf(const World& world, const Frame& frame = kFrame) { return Run(world, frame).match; }

TEST(Evaluate, NoRuleMatches) { EXPECT_EQ(MatchOf(WorldOf({FilterOf({kNone})})).winner, PM_NO_SESSION); }

TEST(Evaluate, NoRulesMirrorNothing) { EXPECT_EQ(MatchOf(WorldOf({FilterOf({})})).winner, PM_NO_SESSION); }

TEST(Evaluate, NoSessionsMirrorNothing) {
  const pm_match_result match = MatchOf(WorldOf({}));
  EXPECT_EQ(match.winner, PM_NO_SESSION);
  EXPECT_EQ(match.excluded, 0u);
  EXPECT_EQ(match.rejected, 0u);
}

TEST(Evaluate, RulesOfTheOtherDirectionAreNotAsked) {
  World world = WorldOf({FilterOf({kAll})});
  EXPECT_EQ(MatchOf(world).winner, 0);
  world.direction = Direction::kEgress;
  Lower(world);
  EXPECT_EQ(MatchOf(world).winner, PM_NO_SESSION);
}

TEST(Evaluate, FirstMatchingRuleDecides) {
  EXPECT_EQ(MatchOf(WorldOf({FilterOf({kNone, kAll, Rejecting(kAll)})})).winner, 0);
  const pm_match_result rejected = MatchOf(WorldOf({FilterOf({kNone, Rejecting(kAll), kAll})}));
  EXPECT_EQ(rejected.winner, PM_NO_SESSION);
  EXPECT_EQ(rejected.rejected, 1u);
}

TEST(Evaluate, FirstSessionThatAcceptsGetsIt) {
  EXPECT_EQ(MatchOf(WorldOf({FilterOf({kNone}), FilterOf({kAll}), FilterOf({kAll})})).winner, 1);
}

TEST(Evaluate, RejectEndsOneSessionsSayAlone) {
  const pm_match_result match = MatchOf(WorldOf({FilterOf({Rejecting(kAll), kAll}), FilterOf({kAll})}));
  EXPECT_EQ(match.winner, 1);
  EXPECT_EQ(match.rejected, 1u);
}

TEST(Evaluate, SessionsAfterTheWinnerAreNotAsked) {
  const Frame dhcp = V4({.payload = Ports(68, 67)});
  const World world = WorldOf({FilterOf({kAll}), FilterOf({Rejecting(kAll)}), FilterOf({kAll}, 0)});
  const pm_match_result match = MatchOf(world, dhcp);
  EXPECT_EQ(match.winner, 0);
  EXPECT_EQ(match.rejected, 0u);
  EXPECT_EQ(match.excluded, 0u);
}

TEST(Evaluate, ExcludedPacketPassesToTheNextSession) {
  const Frame dhcp = V4({.payload = Ports(68, 67)});
  const pm_match_result match = MatchOf(WorldOf({FilterOf({kAll}, 0), FilterOf({kAll})}), dhcp);
  EXPECT_EQ(match.winner, 1);
  EXPECT_EQ(match.excluded, 1u);
}

TEST(Evaluate, ExpiredSessionIsExcluded) {
  World world = WorldOf({FilterOf({kAll}), FilterOf({kAll})});
  world.expired = 1;
  EXPECT_EQ(MatchOf(world).winner, 1);
  EXPECT_EQ(MatchOf(world).excluded, 1u);
  world.expired = 0xffff;  // more bits than sessions
  EXPECT_EQ(MatchOf(world).winner, PM_NO_SESSION);
  EXPECT_EQ(MatchOf(world).excluded, 3u);
}

TEST(Evaluate, SixteenSessionsAreAskedInOrder) {
  for (std::size_t accepting = 0; accepting < PM_MAX_SESSIONS; ++accepting) {
    std::vector<DesiredFilter> filters(PM_MAX_SESSIONS, FilterOf({Rejecting(kAll)}));
    filters[accepting] = FilterOf({kAll});
    const pm_match_result match = MatchOf(WorldOf(filters));
    EXPECT_EQ(match.winner, static_cast<int>(accepting));
    EXPECT_EQ(match.rejected, (1u << accepting) - 1);
  }
}

TEST(Evaluate, LastOf256RulesDecides) {
  std::vector<Rule> rules(PM_MAX_RULES - 1, kNone);
  rules.push_back(kAll);
  EXPECT_EQ(MatchOf(WorldOf({FilterOf(rules)})).winner, 0);
}

class ClusterDns : public testing::Test {
 protected:
  // The session at each position takes DNS or not; `rule` is every filter's only one.
  World Make(std::vector<bool> takes, const Rule& rule) {
    World world;
    for (const bool one : takes) {
      world.filters.push_back(FilterOf({rule}));
      world.filters.back().cluster_dns = one;
    }
    for (const char* address : {"10.96.0.10", "fd00:10::a"})
      world.cluster_dns.push_back({*IpAddress::Parse(address), 53});
    world.cluster_dns.push_back({*IpAddress::Parse("10.0.1.1"), 1053});
    Lower(world);
    return world;
  }

  Frame Query(const char* to, unsigned port, unsigned protocol = 17) {
    const Octets address = Address(to);
    if (address.size() == 16) return V6({.destination = address, .protocol = protocol, .payload = Ports(4000, port)});
    return V4({.destination = address, .protocol = protocol, .payload = Ports(4000, port)});
  }
};

TEST_F(ClusterDns, IsAcceptedBeforeTheRulesAreAsked) {
  const World world = Make({true}, Rejecting(kAll));
  EXPECT_EQ(MatchOf(world, Query("10.96.0.10", 53)).winner, 0);
  EXPECT_EQ(MatchOf(world, Query("10.96.0.10", 53, 6)).winner, 0);
  EXPECT_EQ(MatchOf(world, Query("fd00:10::a", 53)).winner, 0);
  EXPECT_EQ(MatchOf(world, Query("10.0.1.1", 1053)).winner, 0);
  const Frame answer = V4({.source = Address("10.96.0.10"), .payload = Ports(53, 4000)});
  EXPECT_EQ(MatchOf(world, answer).winner, 0);
}

TEST_F(ClusterDns, OtherPortsServersAndProtocolsFollowTheRules) {
  const World world = Make({true}, Rejecting(kAll));
  EXPECT_EQ(MatchOf(world, Query("10.96.0.10", 54)).winner, PM_NO_SESSION);
  EXPECT_EQ(MatchOf(world, Query("10.96.0.11", 53)).winner, PM_NO_SESSION);
  EXPECT_EQ(MatchOf(world, Query("10.0.1.1", 53)).winner, PM_NO_SESSION);
  EXPECT_EQ(MatchOf(world, Query("10.96.0.10", 53, 132)).winner, PM_NO_SESSION);
  const Frame port_of_the_other_side = V4({.destination = Address("10.96.0.10"), .payload = Ports(53, 4000)});
  EXPECT_EQ(MatchOf(world, port_of_the_other_side).winner, PM_NO_SESSION);
}

TEST_F(ClusterDns, LaterFragmentsFollowTheRules) {
  const Frame later = V4({.destination = Address("10.96.0.10"), .payload = Ports(4000, 53), .fragment_offset = 4});
  EXPECT_EQ(MatchOf(Make({true}, Rejecting(kAll)), later).winner, PM_NO_SESSION);
  EXPECT_EQ(MatchOf(Make({true}, kAll), later).winner, 0);
}

TEST_F(ClusterDns, FilterThatDoesNotNameItAsksTheRules) {
  EXPECT_EQ(MatchOf(Make({false}, Rejecting(kAll)), Query("10.96.0.10", 53)).winner, PM_NO_SESSION);
}

TEST_F(ClusterDns, SessionsBeforeAreAskedFirst) {
  const Frame query = Query("10.96.0.10", 53);
  EXPECT_EQ(MatchOf(Make({false, true}, kAll), query).winner, 0);
  const pm_match_result match = MatchOf(Make({false, true, false}, Rejecting(kAll)), query);
  EXPECT_EQ(match.winner, 1);
  EXPECT_EQ(match.rejected, 1u);
}

TEST_F(ClusterDns, NeitherItsOwnRulesNorLaterSessionsAreAsked) {
  World world = Make({true, false}, Rejecting(kAll));
  world.filters[1] = FilterOf({kAll});
  Lower(world);
  const pm_match_result match = MatchOf(world, Query("10.96.0.10", 53));
  EXPECT_EQ(match.winner, 0);
  EXPECT_EQ(match.rejected, 0u);
}

TEST_F(ClusterDns, ExpiredSessionDoesNotTakeIt) {
  World world = Make({true, true}, Rejecting(kAll));
  world.expired = 1;
  EXPECT_EQ(MatchOf(world, Query("10.96.0.10", 53)).winner, 1);
}

}  // namespace
}  // namespace podmirror::oracle
