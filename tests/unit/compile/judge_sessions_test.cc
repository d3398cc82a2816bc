#include "operator/compile/judge_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::At;
using testing::Cluster;
using ::testing::HasSubstr;
using testing::Key;
using testing::Number;
using testing::Shop;
using testing::Time;

SessionVerdict Judge(const Cluster& cluster, const std::string& name = "tap") {
  return cluster.Compile().verdicts.sessions.at(Key(name));
}
api::TrafficMirrorSession& Tap(Cluster& cluster) { return cluster.snapshot.sessions.at(Key("tap")); }

void ExpectNo(const Finding& finding, std::string_view why, const std::string& because) {
  EXPECT_FALSE(finding.ok);
  EXPECT_EQ(finding.reason, why);
  EXPECT_THAT(finding.message, HasSubstr(because));
}

void ExpectUnresolved(const Cluster& cluster, std::string_view why, const std::string& because) {
  const SessionVerdict verdict = Judge(cluster);
  EXPECT_TRUE(verdict.accepted.ok);
  ExpectNo(verdict.resolved, why, because);
  ExpectNo(verdict.active, reason::kNotResolved, std::string(why));
  EXPECT_TRUE(verdict.sources.empty());
  EXPECT_TRUE(cluster.Compile().states.empty());
}

TEST(JudgeSessions, ASessionWithFilterAndTargetIsActive) {
  const SessionVerdict verdict = Judge(Shop());
  EXPECT_TRUE(verdict.accepted.ok && verdict.resolved.ok && verdict.active.ok && verdict.target_ready.ok);
  EXPECT_EQ(verdict.target, Key("ids"));
}

TEST(JudgeSessions, MissingFilterMakesSessionUnresolved) {
  Cluster cluster = Shop();
  cluster.snapshot.filters.clear();
  cluster.Filter("bank/all");  // a filter of another namespace does not help
  ExpectUnresolved(cluster, reason::kFilterNotFound, "no TrafficMirrorFilter all in namespace shop");
}

TEST(JudgeSessions, InvalidFilterMakesSessionUnresolved) {
  Cluster cluster = Shop();
  cluster.Filter("all").spec = std::unexpected(api::Invalid{{"host bits are set", "spec", ""}, "BadCIDR"});
  ExpectUnresolved(cluster, reason::kFilterInvalid, "host bits are set");
}

TEST(JudgeSessions, MissingTargetMakesSessionUnresolved) {
  Cluster cluster = Shop();
  cluster.snapshot.targets.clear();
  cluster.Target("bank/ids", {.service = api::ServiceRef{"ids", 4789}});
  ExpectUnresolved(cluster, reason::kTargetNotFound, "no TrafficMirrorTarget ids in namespace shop");
  ExpectNo(Judge(cluster).target_ready, reason::kTargetNotFound, "ids");
}

TEST(JudgeSessions, TargetThatIsNotAcceptedMakesSessionUnresolved) {
  Cluster cluster = Shop();
  cluster.Target("ids", {.address = At("127.0.0.1")});
  ExpectUnresolved(cluster, reason::kTargetInvalid, "AddressNotAllowed");
}

TEST(JudgeSessions, TargetThatIsNotResolvedMakesSessionUnresolved) {
  Cluster cluster = Shop();
  cluster.snapshot.services.clear();
  ExpectUnresolved(cluster, reason::kTargetInvalid, "ServiceNotFound");
}

TEST(JudgeSessions, BothMissingReferencesAreTold) {
  Cluster cluster = Shop();
  cluster.snapshot.filters.clear();
  cluster.snapshot.targets.clear();
  ExpectUnresolved(cluster, reason::kFilterNotFound, "TrafficMirrorTarget ids");
}

TEST(JudgeSessions, ATargetWithoutEndpointsLeavesTheSessionActive) {
  Cluster cluster = Shop();
  cluster.snapshot.endpoint_slices.clear();
  const SessionVerdict verdict = Judge(cluster);
  EXPECT_TRUE(verdict.active.ok);
  ExpectNo(verdict.target_ready, reason::kNoEndpoints, "");
  const auto states = cluster.Compile().states;
  ASSERT_TRUE(states.contains("n1"));
  ASSERT_EQ(states.at("n1")->targets.size(), 1u);
  EXPECT_TRUE(states.at("n1")->targets[0].endpoints.empty());
}

TEST(JudgeSessions, AnInvalidSessionSaysWhatIsWrong) {
  Cluster cluster = Shop();
  Tap(cluster).spec = std::unexpected(api::Invalid{{"is 0", "spec.sessionNumber", "write 1..32766"}, ""});
  const SessionVerdict verdict = Judge(cluster);
  ExpectNo(verdict.accepted, reason::kSessionInvalid, "spec.sessionNumber: is 0; write 1..32766");
  EXPECT_FALSE(verdict.resolved.ok);
  ExpectNo(verdict.active, reason::kNotResolved, "SessionInvalid");
  EXPECT_EQ(verdict.vni, std::nullopt);
  EXPECT_TRUE(cluster.Compile().states.empty());
}

TEST(JudgeSessions, AVniConflictMakesTheSessionInactive) {
  Cluster cluster = Shop();
  Tap(cluster).spec->vni = Number(64);
  auto& older = cluster.Session("bank/tap");
  older.spec->vni = Number(64);
  older.meta.created = Time("2020-01-01T00:00:00Z");
  const SessionVerdict verdict = Judge(cluster);
  EXPECT_EQ(verdict.accepted.reason, reason::kVniConflict);
  ExpectNo(verdict.active, reason::kNotResolved, "VNIConflict");
  EXPECT_TRUE(cluster.Compile().states.empty());
}

TEST(JudgeSessions, APausedSessionIsAsIfAbsentButHoldsItsNumber) {
  Cluster cluster = Shop();
  Tap(cluster).spec->paused = true;
  const SessionVerdict verdict = Judge(cluster);
  ExpectNo(verdict.active, reason::kPaused, "spec.paused");
  EXPECT_TRUE(verdict.resolved.ok);
  EXPECT_NE(verdict.vni, std::nullopt);
  EXPECT_TRUE(verdict.sources.empty());
  EXPECT_TRUE(cluster.Compile().states.empty());
}

TEST(JudgeSessions, ASessionExpiresAtTheVeryMoment) {
  Cluster cluster = Shop();
  Tap(cluster).spec->expires_at = cluster.snapshot.now + std::chrono::milliseconds(1);
  EXPECT_TRUE(Judge(cluster).active.ok);
  Tap(cluster).spec->expires_at = cluster.snapshot.now;
  ExpectNo(Judge(cluster).active, reason::kExpired, "2026-06-01T00:00:00Z");
  EXPECT_TRUE(cluster.Compile().states.empty());
}

TEST(JudgeSessions, TheNextChangeIsTheEarliestExpiryToCome) {
  Cluster cluster = Shop();
  EXPECT_EQ(cluster.Compile().next_change, std::nullopt);
  const Instant now = cluster.snapshot.now;
  Tap(cluster).spec->expires_at = now + std::chrono::hours(2);
  cluster.Session("b").spec->expires_at = now + std::chrono::hours(1);
  cluster.Session("c").spec->expires_at = now;  // has expired
  EXPECT_EQ(cluster.Compile().next_change, now + std::chrono::hours(1));
}

TEST(JudgeSessions, FiltersAndTargetsCountTheSessionsThatNameThem) {
  Cluster cluster = Shop();
  cluster.Session("b").spec->paused = true;
  cluster.Session("c").spec->filter = "gone";
  cluster.Session("bank/d");
  const Verdicts verdicts = cluster.Compile().verdicts;
  EXPECT_EQ(verdicts.filters.at(Key("all")).sessions, 2);
  EXPECT_EQ(verdicts.targets.at(Key("ids")).sessions, 3);
}

TEST(JudgeSessions, ActiveSessionsComeInTheOrderOfEvaluation) {
  Cluster cluster = Shop();
  Tap(cluster).spec->number = 7;
  cluster.Session("z", 3);
  cluster.Session("a", 9);
  cluster.Session("old", 9).meta.created = Time("2020-01-01T00:00:00Z");
  SessionVerdicts verdicts = cluster.Compile().verdicts.sessions;
  std::string order;
  for (const ActiveSession& active : ListActive(cluster.snapshot, cluster.settings, verdicts)) {
    order += active.session->meta.key.name + " ";
  }
  EXPECT_EQ(order, "z tap old a ");
}

}  // namespace
}  // namespace podmirror::compile
