#include "operator/compile/resolve_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::At;
using testing::Cluster;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Ip;
using testing::Key;
using testing::Range;
using testing::Shop;

TargetVerdict Resolve(const Cluster& cluster, const std::string& name = "ids") {
  return ResolveTargets(cluster.snapshot, IndexSlices(cluster.snapshot.endpoint_slices), cluster.settings)
      .at(Key(name));
}

void ExpectNo(const Finding& finding, std::string_view why, const std::string& because) {
  EXPECT_FALSE(finding.ok);
  EXPECT_EQ(finding.reason, why);
  EXPECT_THAT(finding.message, HasSubstr(because));
}

api::Service& IdsService(Cluster& cluster) { return cluster.snapshot.services.at(Key("ids")); }
api::EndpointSlice& IdsSlice(Cluster& cluster) { return cluster.snapshot.endpoint_slices.at(Key("ids-a")); }

TEST(ResolveTargets, AUdpServiceWithAReadyCollectorIsReady) {
  const TargetVerdict verdict = Resolve(Shop());
  EXPECT_EQ(verdict.accepted, Finding());
  EXPECT_EQ(verdict.resolved, Finding());
  EXPECT_EQ(verdict.ready, Finding());
  EXPECT_THAT(UsableEndpoints(verdict), ElementsAre(At("10.1.9.1")));
  EXPECT_EQ(verdict.total, 1);
}

TEST(ResolveTargets, AMissingServiceIsServiceNotFound) {
  Cluster cluster = Shop();
  cluster.snapshot.services.clear();
  cluster.Service("bank/ids", "10.96.0.9");  // of another namespace
  const TargetVerdict verdict = Resolve(cluster);
  EXPECT_TRUE(verdict.accepted.ok);
  ExpectNo(verdict.resolved, reason::kServiceNotFound, "no Service ids in namespace shop");
  EXPECT_FALSE(verdict.ready.ok);
}

TEST(ResolveTargets, ATcpPortIsNotUdpAndTheUdpPortsAreListed) {
  Cluster cluster = Shop();
  IdsService(cluster).ports.push_back({"more", 4790, "UDP"});
  cluster.Target("ids", {.service = api::ServiceRef{"ids", 80}});
  ExpectNo(Resolve(cluster).resolved, reason::kNotUdp,
           "80 of Service ids is not UDP; write one of its UDP ports: 4789, 4790");
}

TEST(ResolveTargets, APortThatIsNotThereIsNotUdp) {
  Cluster cluster = Shop();
  cluster.Target("ids", {.service = api::ServiceRef{"ids", 1}});
  ExpectNo(Resolve(cluster).resolved, reason::kNotUdp,
           "1 of Service ids does not exist; write one of its UDP ports: 4789");
  IdsService(cluster).ports = {{"http", 80, "TCP"}};
  ExpectNo(Resolve(cluster).resolved, reason::kNotUdp, "has no UDP port");
}

TEST(ResolveTargets, TheUdpOneOfTwoPortsWithOneNumberIsChosen) {
  Cluster cluster = Shop();
  IdsService(cluster).ports = {{"tcp", 4789, "TCP"}, {"vxlan", 4789, "UDP"}};
  EXPECT_TRUE(Resolve(cluster).ready.ok);
}

TEST(ResolveTargets, TheServicesPortMayDifferFromTheSlices) {
  Cluster cluster = Shop();
  IdsSlice(cluster).ports = {{"vxlan", 14789, "UDP"}};
  EXPECT_THAT(UsableEndpoints(Resolve(cluster)), ElementsAre(At("10.1.9.1", 14789)));
}

TEST(ResolveTargets, AnExternalNameHasNoEndpoints) {
  Cluster cluster = Shop();
  IdsService(cluster).type = "ExternalName";
  IdsService(cluster).ports.clear();
  const TargetVerdict verdict = Resolve(cluster);
  EXPECT_TRUE(verdict.resolved.ok);
  ExpectNo(verdict.ready, reason::kNoEndpoints, "ExternalName");
}

TEST(ResolveTargets, AHeadlessServiceIsFine) {
  Cluster cluster = Shop();
  IdsService(cluster).cluster_ips.clear();
  EXPECT_TRUE(Resolve(cluster).ready.ok);
  IdsService(cluster).ip_families.clear();
  EXPECT_TRUE(Resolve(cluster).ready.ok);
}

TEST(ResolveTargets, AnIpv6FirstServiceIsRefusedWithWhatToWrite) {
  Cluster cluster = Shop();
  IdsService(cluster).ip_families = {IpFamily::kV6, IpFamily::kV4};
  ExpectNo(Resolve(cluster).ready, reason::kNoEndpoints, "IPv4 first");
  EXPECT_TRUE(Resolve(cluster).resolved.ok);
  EXPECT_TRUE(UsableEndpoints(Resolve(cluster)).empty());
  IdsService(cluster).ip_families = {IpFamily::kV4, IpFamily::kV6};
  EXPECT_TRUE(Resolve(cluster).ready.ok);
}

TEST(ResolveTargets, WithoutFamiliesTheClusterIpTells) {
  Cluster cluster = Shop();
  IdsService(cluster).ip_families.clear();
  IdsService(cluster).cluster_ips = {Ip("fd00::9")};
  ExpectNo(Resolve(cluster).ready, reason::kNoEndpoints, "IPv6");
}

TEST(ResolveTargets, NoEndpointAtAllIsNoEndpoints) {
  Cluster cluster = Shop();
  IdsSlice(cluster).endpoints.clear();
  ExpectNo(Resolve(cluster).ready, reason::kNoEndpoints, "no endpoints");
  EXPECT_TRUE(Resolve(cluster).resolved.ok);
}

TEST(ResolveTargets, OnlyNotReadyEndpointsAreNoEndpointsAndCounted) {
  Cluster cluster = Shop();
  IdsSlice(cluster).endpoints[0].ready = false;
  const TargetVerdict verdict = Resolve(cluster);
  ExpectNo(verdict.ready, reason::kNoEndpoints, "none of the 1 endpoints");
  EXPECT_EQ(verdict.total, 1);
}

TEST(ResolveTargets, NothingButForbiddenEndpointsIsEndpointNotPermitted) {
  Cluster cluster = Shop();
  cluster.snapshot.pods.at(Key("ids-1")).host_network = true;
  const TargetVerdict verdict = Resolve(cluster);
  ExpectNo(verdict.ready, reason::kEndpointNotPermitted, "10.1.9.1:4789: Pod ids-1 uses hostNetwork");
  ASSERT_EQ(verdict.endpoints.size(), 1u);
  EXPECT_EQ(verdict.endpoints[0].reason, reason::kEndpointNotPermitted);
}

TEST(ResolveTargets, AnAllowedAddressIsTheOnlyEndpoint) {
  Cluster cluster = Shop();
  cluster.settings.allowed_target_cidrs = {Range("192.0.2.0/24")};
  cluster.Target("out", {.address = At("192.0.2.10", 5000)});
  const TargetVerdict verdict = Resolve(cluster, "out");
  EXPECT_TRUE(verdict.accepted.ok && verdict.resolved.ok && verdict.ready.ok);
  EXPECT_THAT(UsableEndpoints(verdict), ElementsAre(At("192.0.2.10", 5000)));
  EXPECT_EQ(verdict.total, 1);
}

TEST(ResolveTargets, AForbiddenAddressIsNotAcceptedAndNeverReady) {
  Cluster cluster = Shop();
  cluster.Target("out", {.address = At("192.0.2.10")});
  const TargetVerdict verdict = Resolve(cluster, "out");
  ExpectNo(verdict.accepted, reason::kAddressNotAllowed, "192.0.2.10");
  EXPECT_FALSE(verdict.ready.ok);
  EXPECT_TRUE(UsableEndpoints(verdict).empty());
}

TEST(ResolveTargets, AnInvalidTargetSaysWhatIsWrongAndHurtsNoOther) {
  Cluster cluster = Shop();
  cluster.Target("bad", {}).spec = std::unexpected(api::Invalid{{"port is 0", "spec.address.port", "write 4789"}, ""});
  ExpectNo(Resolve(cluster, "bad").accepted, reason::kTargetInvalid, "spec.address.port: port is 0; write 4789");
  EXPECT_FALSE(Resolve(cluster, "bad").ready.ok);
  EXPECT_TRUE(Resolve(cluster, "ids").ready.ok);
}

TEST(JudgeFilters, AnInvalidFilterKeepsTheReasonOfItsFault) {
  Cluster cluster;
  cluster.Filter("good");
  cluster.Filter("cidr").spec = std::unexpected(api::Invalid{{"host bits", "spec", "write 10.0.0.0/8"}, "BadCIDR"});
  cluster.Filter("rule").spec = std::unexpected(api::Invalid{{"no action", "spec", ""}, ""});
  const auto verdicts = JudgeFilters(cluster.snapshot);
  EXPECT_TRUE(verdicts.at(Key("good")).accepted.ok);
  ExpectNo(verdicts.at(Key("cidr")).accepted, reason::kBadCidr, "write 10.0.0.0/8");
  ExpectNo(verdicts.at(Key("rule")).accepted, reason::kFilterInvalid, "no action");
}

}  // namespace
}  // namespace podmirror::compile
