#include "operator/status/reduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::status {
namespace {

using ::testing::AllOf;
using testing::At;
using testing::Cluster;
using ::testing::HasSubstr;
using testing::Key;
using ::testing::Not;
using testing::Shop;

using Reports = std::map<NodeName, NodeReport>;

// Both nodes of Shop() have programmed their source and reach the collector.
Reports AllGood() {
  return {{"n1", {.sources = {{Key("web-1"), "veth1", "", ""}}, .endpoints = {{At("10.1.9.1"), "", ""}}}},
          {"n2", {.sources = {{Key("web-2"), "veth2", "", ""}}, .endpoints = {{At("10.1.9.1"), "", ""}}}}};
}

using Nodes = std::map<NodeName, NodeState>;

// Each node that reports has applied what is wanted of it now.
Nodes UpToDate(const compile::Compiled& compiled, const Reports& reports) {
  Nodes nodes;
  for (const auto& [node, report] : reports) {
    const auto state = compiled.states.find(node);
    nodes[node] = {report, true,
                   state == compiled.states.end() ? std::make_shared<const DesiredState>() : state->second.pointer()};
  }
  return nodes;
}

Status Reduced(const Cluster& cluster, const Reports& reports) {
  const compile::Compiled compiled = cluster.Compile();
  return Reduce(compiled, UpToDate(compiled, reports));
}
SessionStatus Tap(const Cluster& cluster, const Reports& reports = AllGood()) {
  return Reduced(cluster, reports).sessions.at(Key("tap"));
}
TargetStatus Ids(const Cluster& cluster, const Reports& reports = AllGood()) {
  return Reduced(cluster, reports).targets.at(Key("ids"));
}
api::SessionSpec& Spec(Cluster& cluster) { return *cluster.snapshot.sessions.at(Key("tap")).spec; }

Condition Find(const std::vector<Condition>& conditions, const std::string& type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return condition;
  }
  ADD_FAILURE() << "no condition " << type;
  return {};
}

void Expect(const std::vector<Condition>& conditions, const std::string& type, bool status, std::string_view reason,
            const std::string& message = "") {
  const Condition condition = Find(conditions, type);
  EXPECT_EQ(condition.status, status) << type;
  EXPECT_EQ(condition.reason, reason) << type;
  EXPECT_THAT(condition.message, HasSubstr(message)) << type;
}

TEST(Reduce, AllWellIsTrueFourTimes) {
  const SessionStatus tap = Tap(Shop());
  Expect(tap.conditions, "Accepted", true, reason::kAccepted, "virtual network ID");
  Expect(tap.conditions, "ResolvedRefs", true, reason::kResolvedRefs);
  Expect(tap.conditions, "Programmed", true, reason::kProgrammed, "2 pods mirrored on 2 nodes");
  Expect(tap.conditions, "TargetReady", true, reason::kReady);
  EXPECT_EQ(tap.conditions.size(), 4u);
  EXPECT_EQ(tap.selected, 2);
  EXPECT_EQ(tap.mirroring, 2);
  EXPECT_EQ(tap.failed, 0);
  EXPECT_EQ(tap.nodes, 2);
  EXPECT_TRUE(tap.vni.has_value());
  ASSERT_EQ(tap.sources.size(), 2u);
  EXPECT_EQ(tap.sources[0], (SourceStatus{Key("web-1"), "n1", "veth1", "Mirroring", ""}));
}

TEST(Reduce, TheConditionsOfEachKindAreThoseOfTheApi) {
  const Status status = Reduced(Shop(), AllGood());
  const auto types = [](const auto& object) {
    std::string text;
    for (const Condition& condition : object.conditions) text += condition.type + " ";
    return text;
  };
  EXPECT_EQ(types(status.filters.at(Key("all"))), "Accepted ");
  EXPECT_EQ(types(status.targets.at(Key("ids"))), "Accepted ResolvedRefs Ready ");
  EXPECT_EQ(types(status.sessions.at(Key("tap"))), "Accepted ResolvedRefs Programmed TargetReady ");
  EXPECT_EQ(status.filters.at(Key("all")).sessions, 1);
  EXPECT_EQ(status.targets.at(Key("ids")).sessions, 1);
}

TEST(Reduce, ANodeThatHasNotReportedMakesItsSourcesNotProgrammed) {
  Reports reports = AllGood();
  reports.erase("n2");
  const SessionStatus tap = Tap(Shop(), reports);
  EXPECT_EQ(tap.sources[1].reason, reason::kNotProgrammed);
  EXPECT_THAT(tap.sources[1].message, HasSubstr("n2 has not reported"));
  Expect(tap.conditions, "Programmed", false, reason::kPartlyProgrammed,
         "1 of 2 selected pods not mirrored: pod web-2");
  EXPECT_EQ(tap.mirroring, 1);
  EXPECT_EQ(tap.failed, 1);
  EXPECT_EQ(tap.nodes, 2);
}

TEST(Reduce, ASourceThatTheReportDoesNotKnowIsNotProgrammed) {
  Reports reports = AllGood();
  reports["n2"].sources.clear();
  EXPECT_EQ(Tap(Shop(), reports).sources[1].reason, reason::kNotProgrammed);
}

TEST(Reduce, TheAgentsReasonIsTheSources) {
  Reports reports = AllGood();
  reports["n1"].sources[0] = {Key("web-1"), "", "InterfaceNotFound", "no such netns"};
  const SessionStatus tap = Tap(Shop(), reports);
  EXPECT_EQ(tap.sources[0].reason, reason::kInterfaceNotFound);
  Expect(tap.conditions, "Programmed", false, reason::kPartlyProgrammed,
         "web-1 on node n1: InterfaceNotFound: no such netns");
}

TEST(Reduce, AReportFromAnotherNodeDoesNotCount) {
  Reports reports = AllGood();
  std::swap(reports["n1"], reports["n2"]);
  EXPECT_EQ(Tap(Shop(), reports).failed, 2);
}

TEST(Reduce, ANodeThatCannotBeReachedIsSaidSo) {
  const compile::Compiled compiled = Shop().Compile();
  Nodes nodes = UpToDate(compiled, AllGood());
  nodes["n2"].reachable = false;
  const SessionStatus tap = Reduce(compiled, nodes).sessions.at(Key("tap"));
  EXPECT_EQ(tap.sources[1].reason, reason::kNodeUnreachable);
  Expect(tap.conditions, "Programmed", false, reason::kNodeUnreachable, "web-2 on node n2");
  EXPECT_EQ(tap.mirroring, 1);
}

TEST(Reduce, WhatANodeHasNotAppliedAsItIsNowIsNotProgrammed) {
  Cluster cluster = Shop();
  const compile::Compiled before = cluster.Compile();
  Spec(cluster).packet_length = 128;
  const compile::Compiled after = cluster.Compile();
  Nodes nodes = UpToDate(after, AllGood());
  nodes["n2"].applied = before.states.at("n2").pointer();
  const SessionStatus tap = Reduce(after, nodes).sessions.at(Key("tap"));
  EXPECT_EQ(tap.mirroring, 1);
  Expect(tap.conditions, "Programmed", false, reason::kPartlyProgrammed, "has not applied the session as it is now");
  nodes["n2"].applied = nullptr;
  EXPECT_EQ(Reduce(after, nodes).sessions.at(Key("tap")).mirroring, 1);
  nodes["n2"].applied = std::make_shared<const DesiredState>(*after.states.at("n2"));
  Expect(Reduce(after, nodes).sessions.at(Key("tap")).conditions, "Programmed", true, reason::kProgrammed);
}

TEST(Reduce, AnotherSessionsChangeDoesNotUnprogramThisOne) {
  Cluster cluster = Shop();
  cluster.Session("other", 2);
  const compile::Compiled before = cluster.Compile();
  cluster.snapshot.sessions.at(Key("other")).spec->packet_length = 128;
  const compile::Compiled after = cluster.Compile();
  Nodes nodes = UpToDate(before, AllGood());
  const Status status = Reduce(after, nodes);
  Expect(status.sessions.at(Key("tap")).conditions, "Programmed", true, reason::kProgrammed);
  Expect(status.sessions.at(Key("other")).conditions, "Programmed", false, reason::kPartlyProgrammed);
}

// The session reaches pay/web-1 on n3 as long as pay consents.
Cluster Across() {
  Cluster cluster = Shop();
  cluster.Pod("pay/web-1", "n3", "10.2.0.1", {{"app", "web"}});
  cluster.Namespace("pay").meta.annotations["podmirror.io/allow-sessions-from"] = "shop";
  Spec(cluster).namespaces = api::Selector{};
  return cluster;
}

Reports GoodAcross() {
  Reports reports = AllGood();
  reports["n3"].sources = {{Key("pay/web-1"), "veth3", "", ""}};
  return reports;
}

TEST(Reduce, AWithdrawnConsentIsToldUntilTheNodeHasConfirmed) {
  Cluster cluster = Across();
  const compile::Compiled before = cluster.Compile();
  Nodes nodes = UpToDate(before, GoodAcross());
  Expect(Reduce(before, nodes).sessions.at(Key("tap")).conditions, "Programmed", true, reason::kProgrammed, "3 pods");
  cluster.Namespace("pay").meta.annotations.clear();
  const compile::Compiled after = cluster.Compile();
  const Condition told = Find(Reduce(after, nodes).sessions.at(Key("tap")).conditions, "Programmed");
  EXPECT_FALSE(told.status);
  EXPECT_EQ(told.reason, reason::kNamespaceNotConsenting);
  EXPECT_THAT(told.message, AllOf(HasSubstr("node n3 has not confirmed"), Not(HasSubstr("pay"))));
  nodes["n3"] = {{}, true, std::make_shared<const DesiredState>()};
  Expect(Reduce(after, nodes).sessions.at(Key("tap")).conditions, "Programmed", true, reason::kProgrammed, "2 pods");
}

TEST(Reduce, AConsentThatWasTheLastIsToldByItsReasonUntilConfirmed) {
  Cluster cluster = Across();
  Spec(cluster).namespaces->match_labels = {{"kubernetes.io/metadata.name", "pay"}};
  Nodes nodes = UpToDate(cluster.Compile(), GoodAcross());
  cluster.Namespace("pay").meta.annotations.clear();
  const compile::Compiled after = cluster.Compile();
  Expect(Reduce(after, nodes).sessions.at(Key("tap")).conditions, "Programmed", false, reason::kNamespaceNotConsenting,
         "node n3 has not confirmed");
  nodes["n3"].applied = std::make_shared<const DesiredState>();
  Expect(Reduce(after, nodes).sessions.at(Key("tap")).conditions, "Programmed", false, reason::kNotResolved);
}

TEST(Reduce, ASealThatANodeHasNotConfirmedIsTold) {
  Cluster cluster = Across();
  Nodes nodes = UpToDate(cluster.Compile(), GoodAcross());
  cluster.Namespace("pay").meta.annotations["podmirror.io/sealed"] = "true";
  Expect(Reduce(cluster.Compile(), nodes).sessions.at(Key("tap")).conditions, "Programmed", false, reason::kSealed);
}

TEST(Reduce, LeftOutNamespacesAreCountedInResolvedRefs) {
  Cluster cluster = Across();
  cluster.Namespace("pay").meta.annotations.clear();
  Expect(Tap(cluster).conditions, "ResolvedRefs", true, reason::kResolvedRefs, "1 namespace");
}

TEST(Reduce, AReportIsHeardOnlyOfWhatIsItsNodes) {
  Reports reports = AllGood();
  reports["n9"].truncations = {{Key("tap"), "eth0", 1500, 1550}};
  reports["n9"].endpoints = {{At("10.1.9.1"), "NoRoute", "lies"}};
  reports["n9"].sources = {{Key("web-1"), "", "InterfaceNotFound", "lies"}};
  Expect(Tap(Shop(), reports).conditions, "Programmed", true, reason::kProgrammed);
  EXPECT_EQ(Ids(Shop(), reports).endpoints[0].reason, reason::kReady);
}

TEST(Reduce, ATargetThatIsNotPermittedSaysNothingOfItself) {
  Cluster cluster = Shop();
  cluster.Target("pay/ids", {.service = api::ServiceRef{"gone", 4789}});
  Spec(cluster).target_namespace = "pay";
  Expect(Tap(cluster).conditions, "ResolvedRefs", false, reason::kTargetNotPermitted);
  Expect(Tap(cluster).conditions, "TargetReady", false, reason::kTargetNotPermitted);
}

TEST(Reduce, ANeverSourceCountsAsFailed) {
  Cluster cluster = Shop();
  cluster.snapshot.pods.at(Key("web-1")).host_network = true;
  const SessionStatus tap = Tap(cluster);
  EXPECT_EQ(tap.selected, 2);
  EXPECT_EQ(tap.failed, 1);
  EXPECT_EQ(tap.nodes, 1);
  Expect(tap.conditions, "Programmed", false, reason::kPartlyProgrammed, "HostNetwork");
}

TEST(Reduce, AFinishedPodIsShownButNotCounted) {
  Cluster cluster = Shop();
  cluster.snapshot.pods.at(Key("web-1")).phase = api::PodPhase::kSucceeded;
  const SessionStatus tap = Tap(cluster);
  EXPECT_EQ(tap.sources[0].reason, reason::kPodFinished);
  EXPECT_EQ(tap.selected, 1);
  EXPECT_EQ(tap.failed, 0);
  Expect(tap.conditions, "Programmed", true, reason::kProgrammed, "1 pod mirrored on 1 node");
}

TEST(Reduce, NoSourcesIsProgrammedAndSaysWhereItLooked) {
  Cluster cluster = Shop();
  Spec(cluster).pods = {{{"app", "nobody"}}, {}};
  Expect(Tap(cluster).conditions, "Programmed", true, reason::kNoSources, "namespace shop");
  cluster = Shop();
  for (auto& [key, pod] : cluster.snapshot.pods) pod.phase = api::PodPhase::kSucceeded;
  Expect(Tap(cluster).conditions, "Programmed", true, reason::kNoSources);
}

TEST(Reduce, ManyFailuresAreCountedAndTheFirstNamed) {
  Cluster cluster = Shop();
  for (int i = 0; i < 7; ++i) {
    cluster.Pod("host-" + std::to_string(i), "n1", "10.1.0.99", {{"app", "web"}}).host_network = true;
  }
  const std::string message = Find(Tap(cluster).conditions, "Programmed").message;
  EXPECT_THAT(message,
              AllOf(HasSubstr("7 of 9"), HasSubstr("host-2"), Not(HasSubstr("host-3")), HasSubstr("and 4 more")));
}

TEST(Reduce, PausedExpiredAndUnresolvedAreNotProgrammed) {
  Cluster cluster = Shop();
  Spec(cluster).paused = true;
  Expect(Tap(cluster).conditions, "Programmed", false, reason::kPaused);
  EXPECT_EQ(Tap(cluster).selected, 0);
  cluster = Shop();
  Spec(cluster).expires_at = cluster.snapshot.now;
  Expect(Tap(cluster).conditions, "Programmed", false, reason::kExpired);
  cluster = Shop();
  Spec(cluster).filter = "gone";
  Expect(Tap(cluster).conditions, "Programmed", false, reason::kNotResolved);
  Expect(Tap(cluster).conditions, "ResolvedRefs", false, reason::kFilterNotFound);
}

TEST(Reduce, AnInvalidSessionIsFalseFourTimesAndEachSaysWhy) {
  Cluster cluster = Shop();
  cluster.snapshot.sessions.at(Key("tap")).spec = std::unexpected(api::Invalid{{"is 0", "spec.sessionNumber", ""}, ""});
  const SessionStatus tap = Tap(cluster);
  Expect(tap.conditions, "Accepted", false, reason::kSessionInvalid, "spec.sessionNumber: is 0");
  for (const Condition& condition : tap.conditions) {
    EXPECT_FALSE(condition.status);
    EXPECT_FALSE(condition.reason.empty());
    EXPECT_FALSE(condition.message.empty());
  }
  EXPECT_EQ(tap.vni, std::nullopt);
}

TEST(Reduce, ATieIsAcceptedAndSaysSo) {
  Cluster cluster = Shop();
  cluster.Session("a");
  Expect(Tap(cluster).conditions, "Accepted", true, reason::kPriorityTie, "shop/a");
}

TEST(Reduce, CutCopiesAreSaidWithTheMtuToSet) {
  Reports reports = AllGood();
  reports["n2"].truncations = {{Key("tap"), "eth0", 1500, 1550}};
  const SessionStatus tap = Tap(Shop(), reports);
  const Condition programmed = Find(tap.conditions, "Programmed");
  EXPECT_TRUE(programmed.status);
  EXPECT_EQ(programmed.reason, reason::kMtuTruncated);
  EXPECT_THAT(programmed.message, AllOf(HasSubstr("node n2"), HasSubstr("MTU 1500 of eth0"), HasSubstr("1550")));
  reports["n2"].truncations[0].session = Key("other");
  Expect(Tap(Shop(), reports).conditions, "Programmed", true, reason::kProgrammed);
}

TEST(Reduce, AFailingSourceIsMoreUrgentThanCutCopies) {
  Reports reports = AllGood();
  reports["n2"].truncations = {{Key("tap"), "eth0", 1500, 1550}};
  reports.erase("n1");
  Expect(Tap(Shop(), reports).conditions, "Programmed", false, reason::kPartlyProgrammed);
}

TEST(Reduce, TargetReadyCopiesTheTargetsReady) {
  Cluster cluster = Shop();
  cluster.snapshot.endpoint_slices.clear();
  const Status status = Reduced(cluster, AllGood());
  Condition ready = Find(status.targets.at(Key("ids")).conditions, "Ready");
  EXPECT_EQ(ready.reason, reason::kNoEndpoints);
  ready.type = "TargetReady";
  EXPECT_EQ(Find(status.sessions.at(Key("tap")).conditions, "TargetReady"), ready);
}

TEST(Reduce, AMissingTargetIsNotReady) {
  Cluster cluster = Shop();
  cluster.snapshot.targets.clear();
  Expect(Tap(cluster).conditions, "TargetReady", false, reason::kTargetNotFound);
}

TEST(Reduce, AnEndpointIsReadyUntilANodeCannotReachIt) {
  EXPECT_EQ(Ids(Shop()).endpoints.at(0), (EndpointStatus{At("10.1.9.1"), "Ready", ""}));
  Reports reports = AllGood();
  reports["n1"].endpoints[0] = {At("10.1.9.1"), "NoRoute", "no route to host"};
  TargetStatus ids = Ids(Shop(), reports);
  EXPECT_EQ(ids.endpoints[0].reason, reason::kNoRoute);
  EXPECT_EQ(ids.endpoints[0].message, "on node n1: no route to host");
  Expect(ids.conditions, "Ready", true, reason::kReady, "10.1.9.1:4789: NoRoute");
  reports["n2"].endpoints[0] = {At("10.1.9.1"), "NeighbourFailed", ""};
  ids = Ids(Shop(), reports);
  EXPECT_EQ(ids.endpoints[0].reason, reason::kNoRoute);
  EXPECT_THAT(ids.endpoints[0].message, HasSubstr("and on 1 more node"));
}

TEST(Reduce, ATroubledOtherAddressOrPortDoesNotMatter) {
  Reports reports = AllGood();
  reports["n1"].endpoints = {{At("10.1.9.2"), "NoRoute", ""}, {At("10.1.9.1", 1), "NoRoute", ""}};
  EXPECT_EQ(Ids(Shop(), reports).endpoints[0].reason, reason::kReady);
}

TEST(Reduce, AForbiddenEndpointIsShownAndNotCountedAsReady) {
  Cluster cluster = Shop();
  cluster.snapshot.endpoint_slices.at(Key("ids-a")).endpoints.push_back(Cluster::Endpoint("10.1.9.2", "nobody"));
  const TargetStatus ids = Ids(cluster);
  EXPECT_EQ(ids.ready, 1);
  EXPECT_EQ(ids.total, 2);
  EXPECT_EQ(ids.endpoints.at(1).reason, reason::kEndpointNotPermitted);
  Expect(ids.conditions, "Ready", true, reason::kReady, "1 of 2 endpoints usable; 10.1.9.2:4789: EndpointNotPermitted");
}

TEST(Reduce, EveryConditionOfEveryVerdictHasAReasonAndAMessage) {
  Cluster cluster = Shop();
  cluster.Filter("bad").spec = std::unexpected(api::Invalid{{"x", "spec", ""}, ""});
  cluster.Target("bad", {}).spec = std::unexpected(api::Invalid{{"x", "spec", ""}, ""});
  cluster.Target("out", {.address = At("192.0.2.1")});
  cluster.Session("a").spec->filter = "bad";
  cluster.Session("b").spec->target = "bad";
  cluster.Session("c").spec->target = "out";
  cluster.Session("d").spec->paused = true;
  const Status status = Reduced(cluster, {});
  int seen = 0;
  const auto check = [&seen](const auto& objects) {
    for (const auto& [key, object] : objects) {
      for (const Condition& condition : object.conditions) {
        EXPECT_NE(condition.reason, "") << key.ToString() << " " << condition.type;
        EXPECT_NE(condition.message, "") << key.ToString() << " " << condition.type;
        ++seen;
      }
    }
  };
  check(status.filters);
  check(status.targets);
  check(status.sessions);
  EXPECT_EQ(seen, 2 + 3 * 3 + 5 * 4);
}

}  // namespace
}  // namespace podmirror::status
