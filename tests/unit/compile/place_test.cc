#include "operator/compile/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::At;
using testing::Cluster;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Key;
using testing::Number;
using testing::Range;
using testing::Shop;
using testing::Time;

TEST(Place, ASourceCarriesItsPodsUidAndAddresses) {
  Cluster cluster = Shop();
  api::Pod& pod = cluster.snapshot.pods.at(Key("web-1"));
  pod.meta.uid = "7f1c";
  pod.ips.push_back(testing::Ip("fd00::1"));
  const DesiredSource source = cluster.Compile().states.at("n1")->sources.at(0);
  EXPECT_EQ(source.pod, Key("web-1"));
  EXPECT_EQ(source.uid, "7f1c");
  EXPECT_EQ(source.ips, pod.ips);
}

TEST(Place, ASessionCarriesAllThatTheAgentNeeds) {
  Cluster cluster = Shop();
  auto& session = cluster.snapshot.sessions.at(Key("tap"));
  session.spec->vni = Number(64);
  session.spec->packet_length = 128;
  session.spec->expires_at = Time("2026-12-01T00:00:00Z");
  const DesiredSession desired = cluster.Compile().states.at("n1")->sessions.at(0);
  const DesiredSession expected{Key("tap"), "uid-shop/tap",          Number(64), Key("all"), Key("ids"),
                                128,        session.spec->expires_at};
  EXPECT_EQ(desired, expected);
}

TEST(Place, AFilterIsHandedOverWhole) {
  Cluster cluster = Shop();
  Rule rule = testing::AcceptAll(7);
  rule.protocol = kTcp;
  rule.source = Range("10.0.0.0/8");
  cluster.Filter("all", {{rule}, {}, 5, true});
  const DesiredFilter filter = cluster.Compile().states.at("n1")->filters.at(0);
  EXPECT_EQ(filter, (DesiredFilter{Key("all"), {rule}, {}, 5, true}));
}

TEST(Place, EachNodeGetsItsOwnSourcesAndOnlyWhatTheyUse) {
  Cluster cluster = Shop();
  cluster.Pod("db-1", "n1", "10.1.0.5", {{"app", "db"}});
  cluster.Filter("db", {});
  cluster.Target("db", {.service = api::ServiceRef{"ids", 4789}});
  auto& spec = *cluster.Session("db").spec;
  spec.pods = {{{"app", "db"}}, {}};
  spec.filter = "db";
  spec.target = "db";
  const auto states = cluster.Compile().states;
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states.at("n1")->sources.size(), 2u);
  EXPECT_EQ(states.at("n1")->sources[0].pod, Key("db-1"));
  EXPECT_EQ(states.at("n1")->sessions.size(), 2u);
  EXPECT_EQ(states.at("n1")->filters.size(), 2u);
  EXPECT_EQ(states.at("n1")->targets.size(), 2u);
  EXPECT_EQ(states.at("n2")->sources.size(), 1u);
  EXPECT_EQ(states.at("n2")->sessions.size(), 1u);
  EXPECT_EQ(states.at("n2")->filters.size(), 1u);
  EXPECT_EQ(states.at("n2")->targets.size(), 1u);
}

TEST(Place, CollectorsOfAllActiveSessionsGoToEveryNode) {
  Cluster cluster = Shop();
  cluster.settings.allowed_target_cidrs = {Range("192.0.2.0/24")};
  cluster.Target("out", {.address = At("192.0.2.10", 5000)});
  auto& out = cluster.Session("out");
  out.spec->target = "out";
  out.spec->pods = {{{"app", "nobody"}}, {}};  // active without a source
  const auto states = cluster.Compile().states;
  for (const auto* node : {"n1", "n2"}) {
    EXPECT_THAT(states.at(node)->collectors, ElementsAre(At("10.1.9.1"), At("192.0.2.10", 5000)));
  }
  out.spec->paused = true;
  EXPECT_THAT(cluster.Compile().states.at("n1")->collectors, ElementsAre(At("10.1.9.1")));
}

TEST(Place, ATargetHasOnlyUsableEndpoints) {
  Cluster cluster = Shop();
  cluster.snapshot.endpoint_slices.at(Key("ids-a")).endpoints.push_back(Cluster::Endpoint("10.1.9.7", "nobody"));
  const DesiredState state = cluster.Compile().states.at("n1");
  EXPECT_THAT(state.targets.at(0).endpoints, ElementsAre(At("10.1.9.1")));
  EXPECT_THAT(state.collectors, ElementsAre(At("10.1.9.1")));
}

TEST(Place, NodesWithoutSourcesHaveNoState) {
  Cluster cluster = Shop();
  cluster.Pod("db-1", "n3", "10.1.0.5", {{"app", "db"}});
  EXPECT_FALSE(cluster.Compile().states.contains("n3"));
  EXPECT_THAT(Cluster().Compile().states, IsEmpty());
}

}  // namespace
}  // namespace podmirror::compile
