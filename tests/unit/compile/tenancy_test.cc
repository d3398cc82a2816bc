#include "operator/compile/tenancy.h"

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
using ::testing::IsEmpty;
using testing::Key;
using ::testing::Not;
using testing::Shop;

using From = api::AllowedNamespaces::From;

// Shop(), whose session selects app=web in every namespace; pay/web-1 on n3 is one of these.
Cluster Wide() {
  Cluster cluster = Shop();
  cluster.Pod("pay/web-1", "n3", "10.2.0.1", {{"app", "web"}});
  cluster.snapshot.sessions.at(Key("tap")).spec->namespaces = api::Selector{};
  return cluster;
}

void Consent(Cluster& cluster, const std::string& ns, const std::string& to) {
  cluster.Namespace(ns).meta.annotations["podmirror.io/allow-sessions-from"] = to;
}

// A session of the priority tier that selects everything and sends to 192.0.2.9.
void AddSecurity(Cluster& cluster) {
  cluster.settings.priority_namespaces = {"security"};
  cluster.settings.allowed_target_cidrs = {testing::Range("192.0.2.0/24")};
  cluster.Filter("security/all");
  cluster.Target("security/far", {.address = At("192.0.2.9")});
  api::SessionSpec& spec = *cluster.Session("security/watch", 900).spec;
  spec.pods = {};
  spec.namespaces = api::Selector{};
  spec.target = "far";
}

SessionVerdict Verdict(const Cluster& cluster, const std::string& session = "tap") {
  return cluster.Compile().verdicts.sessions.at(Key(session));
}

// "pay/web-1: , shop/web-1: Sealed"
std::string Sources(const Cluster& cluster, const std::string& session = "tap") {
  std::string text;
  for (const SourceVerdict& source : Verdict(cluster, session).sources) {
    text += (text.empty() ? "" : ", ") + source.pod.ToString() + ": " + source.reason;
  }
  return text;
}

constexpr const char* kOwn = "shop/web-1: , shop/web-2: ";
constexpr const char* kBoth = "pay/web-1: , shop/web-1: , shop/web-2: ";

TEST(Consents, NamesOneNamespaceOrSeveralOrAll) {
  EXPECT_TRUE(Consents("shop", "shop"));
  EXPECT_TRUE(Consents("bank, shop ,x", "shop"));
  EXPECT_TRUE(Consents("*", "shop"));
  for (const char* other : {"", " ", ",", "shop-2", "sho", "SHOP", "bank", "shop*", "s*"}) {
    EXPECT_FALSE(Consents(other, "shop")) << other;
  }
  EXPECT_FALSE(Consents(",", ""));
}

TEST(NamespaceSelector, ReachesOtherNamespacesOnlyWithTheirConsent) {
  Cluster cluster = Wide();
  EXPECT_EQ(Sources(cluster), kOwn);
  Consent(cluster, "pay", "bank");
  EXPECT_EQ(Sources(cluster), kOwn);
  Consent(cluster, "pay", "shop");
  EXPECT_EQ(Sources(cluster), kBoth);
  EXPECT_EQ(cluster.Compile().states.at("n3")->sources[0].pod, Key("pay/web-1"));
  Consent(cluster, "pay", "*");
  EXPECT_EQ(Sources(cluster), kBoth);
  cluster.snapshot.namespaces.clear();
  EXPECT_EQ(Sources(cluster), kOwn);
}

TEST(NamespaceSelector, SelectsItsOwnNamespaceOnlyIfItMatches) {
  Cluster cluster = Wide();
  Consent(cluster, "pay", "shop");
  api::Selector& selector = *cluster.snapshot.sessions.at(Key("tap")).spec->namespaces;
  selector.match_labels = {{"kubernetes.io/metadata.name", "pay"}};
  EXPECT_EQ(Sources(cluster), "pay/web-1: ");
  selector.match_labels = {{"kubernetes.io/metadata.name", "shop"}};
  EXPECT_EQ(Sources(cluster), kOwn);
}

TEST(NamespaceSelector, AbsentMeansTheOwnNamespace) {
  Cluster cluster = Wide();
  Consent(cluster, "pay", "*");
  cluster.snapshot.sessions.at(Key("tap")).spec->namespaces = std::nullopt;
  EXPECT_EQ(Sources(cluster), kOwn);
  EXPECT_FALSE(Verdict(cluster).beyond_own);
}

TEST(NamespaceSelector, TellsHowManyWereLeftOutAndNeverWhich) {
  Cluster cluster = Wide();
  cluster.Namespace("vault");
  const SessionVerdict verdict = Verdict(cluster);
  EXPECT_TRUE(verdict.resolved.ok);
  EXPECT_EQ(verdict.left_out, 2);
  EXPECT_THAT(verdict.resolved.message, HasSubstr("2 namespaces"));
  EXPECT_THAT(verdict.resolved.message, Not(HasSubstr("vault")));
  EXPECT_THAT(verdict.resolved.message, Not(HasSubstr("pay")));
}

TEST(NamespaceSelector, IsUnresolvedOnlyIfNoNamespaceIsLeft) {
  Cluster cluster = Wide();
  cluster.snapshot.sessions.at(Key("tap")).spec->namespaces->match_labels = {{"kubernetes.io/metadata.name", "pay"}};
  const SessionVerdict verdict = Verdict(cluster);
  EXPECT_EQ(verdict.resolved.reason, reason::kNamespaceNotConsenting);
  EXPECT_EQ(verdict.active.reason, reason::kNotResolved);
  EXPECT_THAT(verdict.resolved.message, Not(HasSubstr("pay")));
  EXPECT_THAT(cluster.Compile().states, IsEmpty());
  cluster.snapshot.sessions.at(Key("tap")).spec->namespaces->match_labels = {{"team", "nobody"}};
  EXPECT_EQ(Verdict(cluster).resolved, Finding()) << "nothing is selected, so nothing is missing";
}

TEST(Seal, OnAPodHoldsAgainstSessionsOfOtherNamespacesAlone) {
  Cluster cluster = Wide();
  Consent(cluster, "pay", "shop");
  cluster.snapshot.pods.at(Key("pay/web-1")).meta.annotations["podmirror.io/sealed"] = "true";
  cluster.snapshot.pods.at(Key("web-1")).meta.annotations["podmirror.io/sealed"] = "true";
  EXPECT_EQ(Sources(cluster), "pay/web-1: Sealed, shop/web-1: , shop/web-2: ");
  AddSecurity(cluster);
  EXPECT_THAT(Sources(cluster, "security/watch"), HasSubstr("pay/web-1: , "));
}

TEST(Seal, OnANamespaceHoldsAgainstThePriorityTierToo) {
  Cluster cluster = Wide();
  AddSecurity(cluster);
  cluster.Namespace("pay").meta.annotations["podmirror.io/sealed"] = "true";
  EXPECT_THAT(Sources(cluster, "security/watch"), HasSubstr("pay/web-1: Sealed"));
}

TEST(Target, OfAnotherNamespaceNeedsItsGrant) {
  Cluster cluster = Shop();
  cluster.Pod("pay/web-1", "n3", "10.2.0.1", {{"app", "web"}});
  cluster.Filter("pay/all");
  cluster.Session("pay/tap").spec->target_namespace = "shop";
  const SessionVerdict refused = Verdict(cluster, "pay/tap");
  EXPECT_EQ(refused.resolved.reason, reason::kTargetNotPermitted);
  EXPECT_EQ(refused.target_ready.reason, reason::kTargetNotPermitted) << "not whether the target is ready";
  EXPECT_EQ(refused.target, ObjectKey());
  EXPECT_EQ(cluster.Compile().verdicts.targets.at(Key("ids")).sessions, 1);
  api::AllowedNamespaces& allowed = cluster.snapshot.targets.at(Key("ids")).spec->allowed;
  allowed = {From::kSelector, {{{"team", "pay"}}, {}}};
  EXPECT_EQ(Verdict(cluster, "pay/tap").resolved.reason, reason::kTargetNotPermitted);
  cluster.Namespace("pay").meta.labels["team"] = "pay";
  EXPECT_TRUE(Verdict(cluster, "pay/tap").active.ok);
  EXPECT_TRUE(Verdict(cluster).active.ok) << "sessions of the target's namespace need no grant";
  allowed = {From::kAll, {}};
  EXPECT_EQ(Sources(cluster, "pay/tap"), "pay/web-1: ");
  EXPECT_EQ(cluster.Compile().verdicts.targets.at(Key("ids")).sessions, 2);
}

TEST(PriorityTier, ComesFirstAndNeedsNoConsent) {
  Cluster cluster = Wide();
  AddSecurity(cluster);
  EXPECT_THAT(Sources(cluster, "security/watch"), HasSubstr("pay/web-1: , "));
  EXPECT_EQ(Verdict(cluster, "security/watch").left_out, 0);
  const DesiredState state = cluster.Compile().states.at("n1");
  EXPECT_THAT(state.sources[0].ingress, ElementsAre(Key("security/watch"), Key("tap")));
  EXPECT_EQ(state.sessions[0].tier, Tier::kPriority);
  EXPECT_EQ(state.sessions[1].tier, Tier::kNormal);
  cluster.settings.priority_namespaces.clear();
  EXPECT_EQ(Verdict(cluster, "security/watch").left_out, 2) << "it is like everybody now";
}

TEST(PriorityTier, NeedsTheGrantOfATargetLikeEverybody) {
  Cluster cluster = Wide();
  AddSecurity(cluster);
  api::SessionSpec& spec = *cluster.snapshot.sessions.at(Key("security/watch")).spec;
  spec.target = "ids";
  spec.target_namespace = "shop";
  EXPECT_EQ(Verdict(cluster, "security/watch").resolved.reason, reason::kTargetNotPermitted);
}

TEST(PriorityTier, TiesOnlyWithItself) {
  Cluster cluster = Wide();
  AddSecurity(cluster);
  cluster.snapshot.sessions.at(Key("security/watch")).spec->number = 1;
  EXPECT_EQ(Verdict(cluster).accepted, Finding());
}

TEST(Collectors, OfTheNormalTierAreSourcesOfThePriorityTier) {
  Cluster cluster = Wide();
  cluster.snapshot.sessions.at(Key("tap")).spec->pods = {};
  AddSecurity(cluster);
  EXPECT_THAT(Sources(cluster), HasSubstr("shop/ids-1: IsCollector"));
  EXPECT_THAT(Sources(cluster, "security/watch"), HasSubstr("shop/ids-1: , "));
  const DesiredState state = cluster.Compile().states.at("n2");
  EXPECT_THAT(state.collectors, ElementsAre(At("10.1.9.1")));
  EXPECT_THAT(state.priority_collectors, ElementsAre(At("192.0.2.9")));
}

TEST(Collectors, OfBothTiersAreNobodysSources) {
  Cluster cluster = Wide();
  AddSecurity(cluster);
  cluster.snapshot.targets.at(Key("ids")).spec->allowed.from = From::kAll;
  api::SessionSpec& spec = *cluster.snapshot.sessions.at(Key("security/watch")).spec;
  spec.target = "ids";
  spec.target_namespace = "shop";
  EXPECT_THAT(Sources(cluster, "security/watch"), HasSubstr("shop/ids-1: IsCollector"));
  const DesiredState state = cluster.Compile().states.at("n1");
  EXPECT_THAT(state.collectors, IsEmpty());
  EXPECT_THAT(state.priority_collectors, ElementsAre(At("10.1.9.1")));
}

TEST(OwnPods, AreNeverSourcesInTheirOwnNamespace) {
  Cluster cluster = Shop();
  cluster.snapshot.pods.at(Key("web-1")).meta.labels["app.kubernetes.io/name"] = "podmirror";
  EXPECT_EQ(Sources(cluster), kOwn) << "no namespace is Podmirror's";
  cluster.settings.own_namespace = "shop";
  EXPECT_EQ(Sources(cluster), "shop/web-1: IsPodmirror, shop/web-2: ");
  cluster.settings.own_namespace = "podmirror";
  EXPECT_EQ(Sources(cluster), kOwn) << "nobody hides by that label elsewhere";
}

TEST(PriorityTie, DoesNotNameASessionOfAnotherNamespace) {
  Cluster cluster = Wide();
  Consent(cluster, "pay", "*");
  cluster.Filter("pay/all");
  cluster.snapshot.targets.at(Key("ids")).spec->allowed.from = From::kAll;
  cluster.Session("pay/tap").spec->target_namespace = "shop";
  const Finding tie = Verdict(cluster).accepted;
  EXPECT_EQ(tie.reason, reason::kPriorityTie);
  EXPECT_THAT(tie.message, HasSubstr("a session of another namespace"));
  EXPECT_THAT(tie.message, Not(HasSubstr("pay")));
}

}  // namespace
}  // namespace podmirror::compile
