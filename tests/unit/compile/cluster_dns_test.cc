#include "operator/compile/cluster_dns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::At;
using testing::Cluster;
using ::testing::ElementsAre;
using testing::Ip;
using ::testing::IsEmpty;
using testing::Key;

// kube-system/kube-dns as kubeadm makes it, with two CoreDNS pods that listen on 1053.
Cluster WithDns() {
  Cluster cluster = testing::Shop();
  api::Service& service = cluster.Service("kube-system/kube-dns", "10.96.0.10");
  service.ports = {{"dns", 53, "UDP"}, {"dns-tcp", 53, "TCP"}, {"metrics", 9153, "TCP"}};
  api::EndpointSlice& slice = cluster.Slice("kube-system/kube-dns-a", "kube-dns");
  slice.ports = {{"dns", 1053, "UDP"}, {"dns-tcp", 1053, "TCP"}, {"metrics", 9153, "TCP"}};
  slice.endpoints = {Cluster::Endpoint("10.1.1.1", "dns-1", "kube-system"),
                     Cluster::Endpoint("10.1.1.2", "dns-2", "kube-system")};
  cluster.Filter("all", {{}, {}, 0, true});
  return cluster;
}

std::vector<SocketAddress> Find(const Cluster& cluster) {
  return FindClusterDns(cluster.snapshot, IndexSlices(cluster.snapshot.endpoint_slices), cluster.settings);
}

api::EndpointSlice& Slice(Cluster& cluster) {
  return cluster.snapshot.endpoint_slices.at({"kube-system", "kube-dns-a"});
}

TEST(ClusterDns, ClusterIpsEndpointsAndTheNodeLocalCacheAscend) {
  EXPECT_THAT(Find(WithDns()),
              ElementsAre(At("10.1.1.1", 1053), At("10.1.1.2", 1053), At("10.96.0.10", 53), At("169.254.20.10", 53)));
}

TEST(ClusterDns, UdpAndTcpMayHaveDifferentTargetPorts) {
  Cluster cluster = WithDns();
  Slice(cluster).ports[1].port = 2053;
  Slice(cluster).endpoints.resize(1);
  EXPECT_THAT(Find(cluster),
              ElementsAre(At("10.1.1.1", 1053), At("10.1.1.1", 2053), At("10.96.0.10", 53), At("169.254.20.10", 53)));
}

TEST(ClusterDns, EndpointsThatAreNotReadyAreLeftOutAndAbsentCountsAsReady) {
  Cluster cluster = WithDns();
  Slice(cluster).endpoints[0].ready = false;
  Slice(cluster).endpoints[1].ready = std::nullopt;
  EXPECT_THAT(Find(cluster), ElementsAre(At("10.1.1.2", 1053), At("10.96.0.10", 53), At("169.254.20.10", 53)));
}

TEST(ClusterDns, BothFamiliesAreKnown) {
  Cluster cluster = WithDns();
  cluster.snapshot.services.at({"kube-system", "kube-dns"}).cluster_ips.push_back(Ip("fd00::a"));
  api::EndpointSlice& v6 = cluster.Slice("kube-system/kube-dns-b", "kube-dns");
  v6.family = IpFamily::kV6;
  v6.ports = {{"dns", 1053, "UDP"}};
  v6.endpoints = {Cluster::Endpoint("fd00::1", "dns-1", "kube-system")};
  Slice(cluster).endpoints.clear();
  EXPECT_THAT(Find(cluster),
              ElementsAre(At("10.96.0.10", 53), At("169.254.20.10", 53), At("fd00::1", 1053), At("fd00::a", 53)));
}

TEST(ClusterDns, TheServiceAndTheCacheAreSettings) {
  Cluster cluster = WithDns();
  cluster.settings.dns_service = {"dns", "core"};
  cluster.settings.node_local_dns = {Ip("169.254.20.11")};
  EXPECT_THAT(Find(cluster), ElementsAre(At("169.254.20.11", 53)));
  cluster.Service("dns/core", "10.96.0.77");
  EXPECT_THAT(Find(cluster), ElementsAre(At("10.96.0.77", 53), At("169.254.20.11", 53)));
}

TEST(ClusterDns, AStateHasItOnlyWhereAUsedFilterAsks) {
  Cluster cluster = WithDns();
  EXPECT_EQ(cluster.Compile().states.at("n1")->cluster_dns.size(), 4u);
  cluster.Filter("all");
  EXPECT_THAT(cluster.Compile().states.at("n1")->cluster_dns, IsEmpty());
  cluster.Filter("unused", {{}, {}, 0, true});
  EXPECT_THAT(cluster.Compile().states.at("n1")->cluster_dns, IsEmpty());
}

}  // namespace
}  // namespace podmirror::compile
