#include "operator/compile/select_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::Cluster;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Key;
using testing::Shop;
using testing::Time;

// "web-1: , web-2: Sealed"
std::string Sources(const Compiled& compiled, const std::string& session = "tap") {
  std::string text;
  for (const SourceVerdict& source : compiled.verdicts.sessions.at(Key(session)).sources) {
    text += (text.empty() ? "" : ", ") + source.pod.name + ": " + source.reason;
  }
  return text;
}
std::string Sources(const Cluster& cluster, const std::string& session = "tap") {
  return Sources(cluster.Compile(), session);
}
api::Pod& Web1(Cluster& cluster) { return cluster.snapshot.pods.at(Key("web-1")); }
api::SessionSpec& Tap(Cluster& cluster) { return *cluster.snapshot.sessions.at(Key("tap")).spec; }

// web-1 has the reason and a message, and n1, its node, has no state.
void ExpectNever(const Cluster& cluster, std::string_view why) {
  const Compiled compiled = cluster.Compile();
  EXPECT_EQ(Sources(compiled), "web-1: " + std::string(why) + ", web-2: ");
  EXPECT_FALSE(compiled.verdicts.sessions.at(Key("tap")).sources[0].message.empty());
  EXPECT_FALSE(compiled.states.contains("n1"));
  EXPECT_TRUE(compiled.states.contains("n2"));
}

TEST(SelectSources, SelectedBoundPodsAreSourcesOnTheirNodes) {
  const Compiled compiled = Shop().Compile();
  EXPECT_EQ(Sources(compiled), "web-1: , web-2: ");
  EXPECT_EQ(compiled.verdicts.sessions.at(Key("tap")).sources[1].node, "n2");
}

TEST(SelectSources, PodsOfOtherNamespacesAreNotSelected) {
  Cluster cluster = Shop();
  cluster.Pod("bank/web-1", "n1", "10.1.0.77", {{"app", "web"}});
  cluster.Pod("shop-2/web-1", "n1", "10.1.0.78", {{"app", "web"}});
  cluster.Pod("sho/web-1", "n1", "10.1.0.79", {{"app", "web"}});
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

TEST(SelectSources, AnEmptySelectorSelectsAllPodsOfTheNamespace) {
  Cluster cluster = Shop();
  Tap(cluster).pods = {};
  EXPECT_EQ(Sources(cluster), "ids-1: IsCollector, web-1: , web-2: ");
}

TEST(SelectSources, AnUnboundPodWaitsWithoutAVerdict) {
  Cluster cluster = Shop();
  Web1(cluster).node = "";
  EXPECT_EQ(Sources(cluster), "web-2: ");
}

TEST(SelectSources, ANeverSourceIsToldSoEvenBeforeItIsBound) {
  Cluster cluster = Shop();
  Web1(cluster).node = "";
  Web1(cluster).host_network = true;
  ExpectNever(cluster, reason::kHostNetwork);
}

TEST(SelectSources, APendingOrTerminatingPodIsASource) {
  Cluster cluster = Shop();
  Web1(cluster).phase = api::PodPhase::kPending;
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
  Web1(cluster).meta.deleting = true;
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

TEST(SelectSources, AHostNetworkPodIsNeverASource) {
  Cluster cluster = Shop();
  Web1(cluster).host_network = true;
  ExpectNever(cluster, reason::kHostNetwork);
}

TEST(SelectSources, AFinishedPodIsNeverASource) {
  Cluster cluster = Shop();
  for (const auto phase : {api::PodPhase::kSucceeded, api::PodPhase::kFailed}) {
    Web1(cluster).phase = phase;
    ExpectNever(cluster, reason::kPodFinished);
  }
}

TEST(SelectSources, ASealedNamespaceHasNoSources) {
  Cluster cluster = Shop();
  cluster.Namespace("shop").meta.annotations["podmirror.io/sealed"] = "true";
  EXPECT_EQ(Sources(cluster), "web-1: Sealed, web-2: Sealed");
  EXPECT_THAT(cluster.Compile().states, IsEmpty());
}

TEST(SelectSources, OnlyTheAnnotationTrueSealsAndOnlyItsOwnNamespace) {
  Cluster cluster = Shop();
  cluster.Namespace("shop").meta.annotations["podmirror.io/sealed"] = "false";
  cluster.Namespace("bank").meta.annotations["podmirror.io/sealed"] = "true";
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

TEST(SelectSources, ASealIsJudgedForEachNamespace) {
  Cluster cluster = Shop();
  cluster.Pod("bank/web-9", "n1", "10.1.0.9", {{"app", "web"}});
  cluster.Filter("bank/all");
  cluster.Target("bank/ids", {.service = api::ServiceRef{"ids", 4789}});
  cluster.Service("bank/ids", "10.96.0.8");
  cluster.Session("bank/tap");
  cluster.Namespace("bank").meta.annotations["podmirror.io/sealed"] = "true";
  EXPECT_EQ(Sources(cluster, "bank/tap"), "web-9: Sealed");
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

// A second Service and target whose only endpoint is web-1.
Cluster Web1Collects() {
  Cluster cluster = Shop();
  cluster.Service("more", "10.96.0.10");
  cluster.Slice("more-a", "more").endpoints = {Cluster::Endpoint("10.1.0.1", "web-1")};
  cluster.Target("more", {.service = api::ServiceRef{"more", 4789}});
  cluster.Session("second", 2).spec->target = "more";
  return cluster;
}

TEST(SelectSources, AnEndpointOfAnyActiveSessionsTargetIsACollector) {
  const Compiled compiled = Web1Collects().Compile();
  EXPECT_EQ(Sources(compiled), "web-1: IsCollector, web-2: ");
  EXPECT_EQ(Sources(compiled, "second"), "web-1: IsCollector, web-2: ");
}

TEST(SelectSources, NobodyHidesBehindASessionThatDoesNothing) {
  Cluster cluster = Web1Collects();
  api::SessionSpec& second = *cluster.snapshot.sessions.at(Key("second")).spec;
  second.paused = true;
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
  second.paused = false;
  second.expires_at = cluster.snapshot.now;
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
  second.expires_at = std::nullopt;
  second.filter = "gone";
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

TEST(SelectSources, AnEndpointThatIsNotUsableIsNoCollector) {
  Cluster cluster = Web1Collects();
  auto& endpoint = cluster.snapshot.endpoint_slices.at(Key("more-a")).endpoints[0];
  endpoint.ready = false;
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
  endpoint.ready = true;
  endpoint.addresses = {testing::Ip("10.1.0.99")};  // not the pod's: not permitted
  EXPECT_EQ(Sources(cluster), "web-1: , web-2: ");
}

TEST(SelectSources, SessionsOfAPodComeInTheOrderOfEvaluation) {
  Cluster cluster = Shop();
  Tap(cluster).number = 7;
  cluster.Session("z", 3);
  cluster.Session("a", 9);
  const DesiredState state = cluster.Compile().states.at("n1");
  ASSERT_EQ(state.sources.size(), 1u);
  EXPECT_THAT(state.sources[0].ingress, ElementsAre(Key("z"), Key("tap"), Key("a")));
  EXPECT_EQ(state.sources[0].egress, state.sources[0].ingress);
}

TEST(PriorityTie, TheLaterOfTwoWithOneNumberSaysItAndStaysActive) {
  Cluster cluster = Shop();
  cluster.Session("early").meta.created = Time("2020-01-01T00:00:00Z");
  const Compiled compiled = cluster.Compile();
  const Finding& later = compiled.verdicts.sessions.at(Key("tap")).accepted;
  EXPECT_TRUE(later.ok);
  EXPECT_EQ(later.reason, reason::kPriorityTie);
  EXPECT_THAT(later.message, HasSubstr("shop/early"));
  EXPECT_EQ(compiled.verdicts.sessions.at(Key("early")).accepted, Finding());
  EXPECT_THAT(compiled.states.at("n1")->sources[0].ingress, ElementsAre(Key("early"), Key("tap")));
}

TEST(PriorityTie, DifferentNumbersOrDifferentPodsAreNoTie) {
  Cluster cluster = Shop();
  cluster.Session("other-number", 2);
  cluster.Session("other-pods").spec->pods = {{{"app", "db"}}, {}};
  cluster.Pod("db-1", "n1", "10.1.0.5", {{"app", "db"}});
  for (const auto& [key, verdict] : cluster.Compile().verdicts.sessions) EXPECT_EQ(verdict.accepted, Finding());
}

TEST(PriorityTie, ASessionThatIsNotActiveTiesWithNobody) {
  Cluster cluster = Shop();
  cluster.Session("early").spec->paused = true;
  EXPECT_EQ(cluster.Compile().verdicts.sessions.at(Key("tap")).accepted, Finding());
}

TEST(PriorityTie, OneSharedPodIsEnoughAndAFinishedOneIsNone) {
  Cluster cluster = Shop();
  cluster.Session("z").spec->pods = {{}, {{"app", api::Requirement::Operator::kIn, {"db", "cache"}}}};
  api::Pod& shared = cluster.Pod("both", "", "10.1.0.6", {{"app", "db"}});
  Tap(cluster).pods = {};
  EXPECT_EQ(cluster.Compile().verdicts.sessions.at(Key("z")).accepted.reason, reason::kPriorityTie);
  shared.phase = api::PodPhase::kFailed;
  EXPECT_EQ(cluster.Compile().verdicts.sessions.at(Key("z")).accepted, Finding());
}

TEST(PriorityTie, EveryLaterOneNamesTheFirstThatItMeets) {
  Cluster cluster = Shop();
  cluster.snapshot.sessions.clear();
  for (const auto* name : {"a", "b", "c"}) cluster.Session(name);
  cluster.snapshot.sessions.at(Key("a")).spec->pods = {{{"only", "a"}}, {}};
  cluster.Pod("web-0", "n1", "10.1.0.8", {{"app", "web"}, {"only", "a"}});
  const auto verdicts = cluster.Compile().verdicts.sessions;
  EXPECT_EQ(verdicts.at(Key("a")).accepted, Finding());
  EXPECT_THAT(verdicts.at(Key("b")).accepted.message, HasSubstr("shop/a"));
  EXPECT_THAT(verdicts.at(Key("c")).accepted.message, HasSubstr("shop/a"));
}

}  // namespace
}  // namespace podmirror::compile
