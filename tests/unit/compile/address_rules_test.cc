#include "operator/compile/address_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::At;
using testing::Cluster;
using ::testing::HasSubstr;
using testing::Ip;
using testing::Range;

Settings AllowAll() { return {.allowed_target_cidrs = {Range("0.0.0.0/0"), Range("::/0")}}; }

void ExpectRefused(const Finding& finding, const std::string& because) {
  EXPECT_FALSE(finding.ok);
  EXPECT_EQ(finding.reason, reason::kAddressNotAllowed);
  EXPECT_THAT(finding.message, HasSubstr(because));
}

TEST(AddressRules, AnAddressInsideTheAllowListIsAccepted) {
  const Settings settings{.allowed_target_cidrs = {Range("198.51.100.0/24"), Range("192.0.2.0/28")}};
  EXPECT_TRUE(JudgeAddress(Ip("192.0.2.15"), {}, settings).ok);
  ExpectRefused(JudgeAddress(Ip("192.0.2.16"), {}, settings), "198.51.100.0/24, 192.0.2.0/28");
}

TEST(AddressRules, AnEmptyAllowListAllowsNothingAndSaysWhomToAsk) {
  ExpectRefused(JudgeAddress(Ip("192.0.2.10"), {}, {}), "allowedTargetCIDRs");
}

TEST(AddressRules, SpecialAddressesAreRefusedWhateverTheAllowListSays) {
  for (const auto* ip : {"127.0.0.1", "127.255.0.9", "::1"}) {
    ExpectRefused(JudgeAddress(Ip(ip), {}, AllowAll()), "loopback");
  }
  for (const auto* ip : {"169.254.169.254", "fe80::1"}) {
    ExpectRefused(JudgeAddress(Ip(ip), {}, AllowAll()), "link-local");
  }
  for (const auto* ip : {"224.0.0.1", "239.255.255.255", "ff02::1", "255.255.255.255"}) {
    ExpectRefused(JudgeAddress(Ip(ip), {}, AllowAll()), "multicast");
  }
  for (const auto* ip : {"0.0.0.0", "::"}) ExpectRefused(JudgeAddress(Ip(ip), {}, AllowAll()), "unspecified");
}

TEST(AddressRules, Ipv6IsRefusedInThisVersionAndTheMessageSaysSo) {
  ExpectRefused(JudgeAddress(Ip("2001:db8::10"), {}, AllowAll()), "IPv4 only");
}

TEST(AddressRules, AddressesOfTheClusterAreRefusedByWhoeverOwnsThem) {
  Cluster cluster;
  cluster.Pod("web-1", "n1", "10.1.0.1").host_ips = {Ip("192.0.2.1"), Ip("192.0.2.2")};
  cluster.Pod("other/host", "n1", "192.0.2.1").host_ips = {Ip("192.0.2.1")};
  cluster.Service("ids", "10.96.0.9").cluster_ips.push_back(Ip("10.96.0.10"));
  const std::pair<const char*, const char*> kOwned[] = {{"10.1.0.1", "a Pod"},
                                                        {"192.0.2.1", "a node"},
                                                        {"192.0.2.2", "a node"},
                                                        {"10.96.0.9", "a Service"},
                                                        {"10.96.0.10", "a Service"}};
  for (const auto& [ip, owner] : kOwned) cluster.Target(ip, {.address = At(ip)});
  const AddressOwners owners = FindAddressOwners(cluster.snapshot);
  for (const auto& [ip, owner] : kOwned) ExpectRefused(JudgeAddress(Ip(ip), owners, AllowAll()), owner);
}

TEST(AddressRules, AFinishedPodsAddressIsStillAPods) {
  Cluster cluster;
  cluster.Pod("job", "n1", "10.1.0.1").phase = api::PodPhase::kSucceeded;
  cluster.Target("t", {.address = At("10.1.0.1")});
  ExpectRefused(JudgeAddress(Ip("10.1.0.1"), FindAddressOwners(cluster.snapshot), AllowAll()), "a Pod");
}

TEST(AddressRules, NoOwnersAreGatheredForAddressesThatNoTargetNames) {
  Cluster cluster = testing::Shop();
  EXPECT_TRUE(FindAddressOwners(cluster.snapshot).empty());
  cluster.Target("t", {.address = At("192.0.2.10")});
  EXPECT_TRUE(FindAddressOwners(cluster.snapshot).empty());
}

}  // namespace
}  // namespace podmirror::compile
