#include "operator/compile/endpoints.h"

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
using ::testing::IsEmpty;

// Collector pods c-1..c-3 with 10.1.9.1..3, and one slice that names them all.
class Endpoints : public ::testing::Test {
 protected:
  Endpoints() {
    for (int i = 1; i <= 3; ++i) cluster.Pod(Name(i), "n1", Address(i));
    for (int i = 1; i <= 3; ++i) slice.endpoints.push_back(Cluster::Endpoint(Address(i), Name(i)));
  }
  static std::string Name(int i) { return "c-" + std::to_string(i); }
  static std::string Address(int i) { return "10.1.9." + std::to_string(i); }

  ServiceEndpoints Find(const std::string& port = "vxlan", IpFamily family = IpFamily::kV4) {
    return FindEndpoints({"shop", "ids"}, port, family, IndexSlices(cluster.snapshot.endpoint_slices),
                         cluster.snapshot.pods);
  }
  std::vector<std::string> Usable() {
    std::vector<std::string> usable;
    for (const auto& endpoint : Find().endpoints) {
      if (endpoint.reason.empty()) usable.push_back(endpoint.endpoint.ToString());
    }
    return usable;
  }
  // The first endpoint is refused with this in its message, the others stay.
  void ExpectFirstRefused(const std::string& because) {
    const auto found = Find();
    ASSERT_EQ(found.endpoints.size(), 3u);
    EXPECT_EQ(found.endpoints[0].reason, reason::kEndpointNotPermitted);
    EXPECT_THAT(found.endpoints[0].message, HasSubstr(because));
    EXPECT_EQ(found.endpoints[1].reason, "");
    EXPECT_EQ(found.usable, 2);
    EXPECT_EQ(found.total, 3);
  }
  api::Pod& FirstPod() { return cluster.snapshot.pods.at({"shop", "c-1"}); }

  Cluster cluster;
  api::EndpointSlice& slice = cluster.Slice("ids-a", "ids");
};

TEST_F(Endpoints, LivePodsWithTheirOwnAddressesAreUsable) {
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:4789", "10.1.9.2:4789", "10.1.9.3:4789"));
  EXPECT_EQ(Find().endpoints[0].pod, "c-1");
}

TEST_F(Endpoints, ReadyMayBeAbsent) {
  slice.endpoints[0].ready = std::nullopt;
  EXPECT_EQ(Find().usable, 3);
}

TEST_F(Endpoints, NotReadyOrTerminatingOnesAreLeftOutButCounted) {
  slice.endpoints[0].ready = false;
  slice.endpoints[1].terminating = true;
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.3:4789"));
  EXPECT_EQ(Find().endpoints.size(), 1u);
  EXPECT_EQ(Find().total, 3);
}

TEST_F(Endpoints, WithoutTargetRefNothingIsPermitted) {
  slice.endpoints[0].target_kind = "";
  slice.endpoints[0].target_name = "";
  ExpectFirstRefused("names no Pod");
}

TEST_F(Endpoints, ATargetRefOfAnotherKindIsNotPermitted) {
  slice.endpoints[0].target_kind = "Node";
  ExpectFirstRefused("names no Pod");
}

TEST_F(Endpoints, APodOfAnotherNamespaceIsNotPermitted) {
  cluster.Pod("bank/c-1", "n1", "10.1.9.1");
  slice.endpoints[0].target_namespace = "bank";
  ExpectFirstRefused("another namespace");
}

TEST_F(Endpoints, AMissingPodIsNotPermitted) {
  slice.endpoints[0].target_name = "gone";
  ExpectFirstRefused("no Pod gone");
}

TEST_F(Endpoints, ADeletedPodIsNotPermitted) {
  FirstPod().meta.deleting = true;
  ExpectFirstRefused("being deleted");
}

TEST_F(Endpoints, AFinishedPodIsNotPermitted) {
  FirstPod().phase = api::PodPhase::kSucceeded;
  ExpectFirstRefused("finished");
  FirstPod().phase = api::PodPhase::kFailed;
  ExpectFirstRefused("finished");
}

TEST_F(Endpoints, APendingPodIsPermitted) {
  FirstPod().phase = api::PodPhase::kPending;
  EXPECT_EQ(Find().usable, 3);
}

TEST_F(Endpoints, AHostNetworkPodIsNotPermitted) {
  FirstPod().host_network = true;
  ExpectFirstRefused("hostNetwork");
}

TEST_F(Endpoints, AnAddressThatThePodDoesNotHaveIsNotPermitted) {
  FirstPod().ips = {Ip("10.1.9.99")};
  ExpectFirstRefused("podIPs");
  FirstPod().ips = {};
  ExpectFirstRefused("podIPs");
  FirstPod().ips = {Ip("fd00::1"), Ip("10.1.9.1")};
  EXPECT_EQ(Find().usable, 3);
}

TEST_F(Endpoints, OnlyThisServicesSlicesOfThisNamespaceCount) {
  cluster.Slice("other", "web").endpoints = {Cluster::Endpoint("10.1.9.1", "c-1")};
  auto& foreign = cluster.Slice("bank/ids-a", "ids");
  cluster.Pod("bank/x", "n1", "10.1.9.77");
  foreign.endpoints = {Cluster::Endpoint("10.1.9.77", "x", "bank")};
  slice.endpoints.resize(1);
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:4789"));
}

TEST_F(Endpoints, OnlySlicesOfTheFamilyCount) {
  slice.family = IpFamily::kV6;
  EXPECT_THAT(Usable(), IsEmpty());
  slice.family = std::nullopt;
  EXPECT_THAT(Usable(), IsEmpty());
}

TEST_F(Endpoints, ThePortIsTheSlicesPortOfThatNameOverUdp) {
  slice.ports = {{"vxlan", 9, "TCP"}, {"other", 10, "UDP"}, {"vxlan", 14789, "UDP"}};
  slice.endpoints.resize(1);
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:14789"));
  EXPECT_THAT(Find("missing").endpoints, IsEmpty());
}

TEST_F(Endpoints, AnUnnamedPortHasTheEmptyName) {
  slice.ports = {{"", 4789, "UDP"}};
  EXPECT_EQ(Find("").usable, 3);
}

TEST_F(Endpoints, APortWithoutANumberLeadsNowhere) {
  slice.ports = {{"vxlan", std::nullopt, "UDP"}};
  EXPECT_THAT(Find().endpoints, IsEmpty());
}

TEST_F(Endpoints, SlicesMayDisagreeAboutThePort) {
  auto& more = cluster.Slice("ids-b", "ids");
  more.ports = {{"vxlan", 5000, "UDP"}};
  more.endpoints = {slice.endpoints[2]};
  slice.endpoints.resize(2);
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:4789", "10.1.9.2:4789", "10.1.9.3:5000"));
}

TEST_F(Endpoints, APodCountsOnceWithItsLowestAddress) {
  FirstPod().ips.push_back(Ip("10.1.9.0"));
  cluster.Slice("ids-b", "ids").endpoints = {Cluster::Endpoint("10.1.9.0", "c-1"), slice.endpoints[0]};
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.0:4789", "10.1.9.2:4789", "10.1.9.3:4789"));
  EXPECT_EQ(Find().total, 3);
}

TEST_F(Endpoints, APodThatOneSliceCallsReadyIsReady) {
  cluster.Slice("ids-0", "ids").endpoints = {slice.endpoints[0]};
  cluster.snapshot.endpoint_slices.at({"shop", "ids-0"}).endpoints[0].ready = false;
  EXPECT_EQ(Find().usable, 3);
  EXPECT_EQ(Find().total, 3);
}

TEST_F(Endpoints, ABadCopyOfAGoodAddressTakesNothingAway) {
  cluster.Slice("ids-0", "ids").endpoints = {Cluster::Endpoint("10.1.9.1", "nobody")};
  EXPECT_EQ(Find().usable, 3);
  EXPECT_EQ(Find().endpoints.size(), 3u);
}

TEST_F(Endpoints, FurtherAddressesOfAnEndpointMeanNothing) {
  FirstPod().ips.push_back(Ip("10.1.9.100"));
  slice.endpoints[0].addresses.push_back(Ip("10.1.9.100"));
  slice.endpoints[1].addresses = {};
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:4789", "10.1.9.3:4789"));
}

TEST_F(Endpoints, AnAddressOfTheWrongFamilyIsNoEndpoint) {
  FirstPod().ips = {Ip("fd00::1")};
  slice.endpoints[0].addresses = {Ip("fd00::1")};
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.2:4789", "10.1.9.3:4789"));
}

TEST_F(Endpoints, TheyAscendHoweverTheSlicesAreSorted) {
  std::swap(slice.endpoints[0], slice.endpoints[2]);
  EXPECT_THAT(Usable(), ElementsAre("10.1.9.1:4789", "10.1.9.2:4789", "10.1.9.3:4789"));
}

}  // namespace
}  // namespace podmirror::compile
