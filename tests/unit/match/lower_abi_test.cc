// The ABI's bytes, spelled out: byte order, places of addresses, masks, limits.
#include "node-agent/plan/lower_abi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/match/judged.h"

namespace podmirror::plan {
namespace {

using oracle::FromTo;
using testing::ElementsAre;

std::vector<int> BytesOf(const void* from, std::size_t count) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  return {bytes, bytes + count};
}

TEST(LowerRule, Ipv4StandsInTheLastFourBytes) {
  const pm_rule rule = LowerRule(FromTo("10.1.2.0/23", "192.168.7.9/32"), 3);
  EXPECT_THAT(BytesOf(rule.saddr_be, 16), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 2, 0));
  EXPECT_THAT(BytesOf(rule.smask_be, 16), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 254, 0));
  EXPECT_THAT(BytesOf(rule.daddr_be, 16), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 7, 9));
  EXPECT_THAT(BytesOf(rule.dmask_be, 16), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255));
  EXPECT_EQ(rule.need, PM_NEED_V4);
  EXPECT_EQ(rule.session, 3);
}

TEST(LowerRule, Ipv6FillsAllBytes) {
  const pm_rule rule = LowerRule(FromTo("2001:db8:8000::/33", ""), 0);
  EXPECT_THAT(BytesOf(rule.saddr_be, 16), ElementsAre(0x20, 1, 0x0d, 0xb8, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(BytesOf(rule.smask_be, 16), ElementsAre(255, 255, 255, 255, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(rule.need, PM_NEED_V6);
}

TEST(LowerRule, ZeroLengthStillNeedsItsFamily) {
  EXPECT_EQ(LowerRule(FromTo("", "0.0.0.0/0"), 0).need, PM_NEED_V4);
  EXPECT_EQ(LowerRule(FromTo("::/0", ""), 0).need, PM_NEED_V6);
}

TEST(LowerRule, PortsAreInHostOrder) {
  Rule rule = oracle::FromPorts(kTcp, 1024, 65535);
  rule.destination_ports = *PortRange::Make(443, 443);
  const pm_rule lowered = LowerRule(rule, 0);
  EXPECT_EQ(lowered.sport_from, 1024);
  EXPECT_EQ(lowered.sport_to, 65535);
  EXPECT_EQ(lowered.dport_from, 443);
  EXPECT_EQ(lowered.dport_to, 443);
  EXPECT_EQ(lowered.need, PM_NEED_PROTOCOL | PM_NEED_PORTS);
  EXPECT_EQ(lowered.protocol, 6);
}

TEST(LowerRule, AbsentPortsHoldEveryPortAndAskForNone) {
  const pm_rule lowered = LowerRule(Rule{}, 0);
  EXPECT_EQ(lowered.sport_from, 0);
  EXPECT_EQ(lowered.sport_to, 65535);
  EXPECT_EQ(lowered.dport_from, 0);
  EXPECT_EQ(lowered.dport_to, 65535);
  EXPECT_EQ(lowered.need, 0);
  EXPECT_TRUE(lowered.accept);
}

TEST(LowerRule, ProtocolZeroIsNeeded) { EXPECT_EQ(LowerRule(oracle::Of(Protocol{0}), 0).need, PM_NEED_PROTOCOL); }

TEST(LowerRule, RejectDoesNotAccept) { EXPECT_FALSE(LowerRule(oracle::Rejecting(Rule{}), 0).accept); }

TEST(LowerRuleset, SessionsFollowEachOtherInOrder) {
  DesiredFilter one = oracle::FilterOf({Rule{}, Rule{}}, PM_INFRA_ARP | PM_INFRA_NTP);
  DesiredFilter two = oracle::FilterOf({oracle::Of(kUdp)}, 0);
  two.cluster_dns = true;
  const Result<Ruleset> ruleset = LowerRuleset({&one, &two}, Direction::kIngress);
  ASSERT_TRUE(ruleset);
  const pm_ruleset& lowered = **ruleset;
  EXPECT_EQ(lowered.n_sessions, 2u);
  EXPECT_EQ(lowered.n_rules, 3u);
  EXPECT_EQ(lowered.session[0].infrastructure, PM_INFRA_ARP | PM_INFRA_NTP);
  EXPECT_EQ(lowered.session[0].cluster_dns, 0);
  EXPECT_EQ(lowered.session[1].infrastructure, 0);
  EXPECT_EQ(lowered.session[1].cluster_dns, 1);
  EXPECT_EQ(lowered.rule[1].session, 0);
  EXPECT_EQ(lowered.rule[2].session, 1);
  EXPECT_EQ(lowered.rule[2].protocol, 17);
}

TEST(LowerRuleset, OnlyTheDirectionsRulesAreIn) {
  DesiredFilter filter = oracle::FilterOf({Rule{}, Rule{}});
  filter.egress = {oracle::Of(kTcp)};
  EXPECT_EQ((*LowerRuleset({&filter}, Direction::kIngress))->n_rules, 2u);
  EXPECT_EQ((*LowerRuleset({&filter}, Direction::kEgress))->n_rules, 1u);
}

TEST(LowerRuleset, EqualFiltersGiveEqualBytes) {
  const DesiredFilter filter = oracle::FilterOf({oracle::ToPorts(kTcp, 80, 81)});
  const Result<Ruleset> one = LowerRuleset({&filter}, Direction::kIngress);
  const Result<Ruleset> other = LowerRuleset({&filter}, Direction::kIngress);
  EXPECT_EQ(std::memcmp(one->get(), other->get(), sizeof(pm_ruleset)), 0);
}

TEST(LowerRuleset, TheLimitsFitAndOneMoreFails) {
  const DesiredFilter half = oracle::FilterOf(std::vector<Rule>(PM_MAX_RULES / 2));
  const DesiredFilter one = oracle::FilterOf({Rule{}});
  const DesiredFilter empty = oracle::FilterOf({});
  EXPECT_TRUE(LowerRuleset({&half, &half}, Direction::kIngress));
  const Result<Ruleset> rules = LowerRuleset({&half, &half, &one}, Direction::kIngress);
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().what, "one hook holds at most 256 rules, not 257");
  EXPECT_TRUE(LowerRuleset(std::vector<const DesiredFilter*>(16, &empty), Direction::kIngress));
  const Result<Ruleset> sessions = LowerRuleset(std::vector<const DesiredFilter*>(17, &empty), Direction::kIngress);
  ASSERT_FALSE(sessions);
  EXPECT_EQ(sessions.error().what, "one hook holds at most 16 sessions, not 17");
}

TEST(LowerSocket, AddressAndPortAreInNetworkOrder) {
  const Socket v4 = LowerSocket({*IpAddress::Parse("10.96.0.10"), 4789});
  EXPECT_THAT(BytesOf(&v4.value, sizeof(v4.value)),
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 96, 0, 10, 0x12, 0xb5, 4, 0, 0, 0, 0, 0));
  const Socket v6 = LowerSocket({*IpAddress::Parse("fd00::a"), 53});
  EXPECT_THAT(BytesOf(&v6.value, sizeof(v6.value)),
              ElementsAre(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 53, 6, 0, 0, 0, 0, 0));
}

TEST(LowerV4, IsInNetworkOrder) {
  const std::uint32_t lowered = LowerV4(*IpAddress::Parse("192.0.2.10"));
  EXPECT_THAT(BytesOf(&lowered, 4), ElementsAre(192, 0, 2, 10));
}

}  // namespace
}  // namespace podmirror::plan
