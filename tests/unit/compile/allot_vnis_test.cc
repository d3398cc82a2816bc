#include "operator/compile/allot_vnis.h"

#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::Cluster;
using testing::Key;
using testing::Number;
using testing::Time;

const Instant kEarly = Time("2026-01-01T00:00:00Z");
const Instant kLate = Time("2026-02-01T00:00:00Z");

api::TrafficMirrorSession& Stating(Cluster& cluster, const std::string& name, std::int64_t vni, Instant created) {
  auto& session = cluster.Session(name);
  session.spec->vni = Number(vni);
  session.meta.created = created;
  return session;
}

SessionVerdicts Allot(const Cluster& cluster) {
  SessionVerdicts verdicts;
  for (const auto& [key, session] : cluster.snapshot.sessions) verdicts[key];
  AllotVnis(cluster.snapshot, verdicts);
  return verdicts;
}

TEST(AllotVnis, FirstChoiceIsTheFoldedFnv1a) {
  // FNV-1a 64 of "" is cbf29ce484222325, of "a" af63dc4c8601ec8c (the authors' test vectors).
  EXPECT_EQ(FirstChoice("").value(), 0x222325u ^ 0x9ce484u ^ 0xcbf2u);
  EXPECT_EQ(FirstChoice("a").value(), 0x01ec8cu ^ 0xdc4c86u ^ 0xaf63u);
}

TEST(AllotVnis, AStatedNumberIsTaken) {
  Cluster cluster;
  Stating(cluster, "tap", 64, kEarly);
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, Number(64));
}

TEST(AllotVnis, TheEndsOfTheRangeCanBeStated) {
  Cluster cluster;
  Stating(cluster, "a", 0, kEarly);
  Stating(cluster, "b", 16777215, kEarly);
  EXPECT_EQ(Allot(cluster)[Key("a")].vni, Number(0));
  EXPECT_EQ(Allot(cluster)[Key("b")].vni, Number(16777215));
}

TEST(AllotVnis, EqualStatedNumbersAreAllowedWithinANamespace) {
  Cluster cluster;
  Stating(cluster, "shop/a", 64, kEarly);
  Stating(cluster, "shop/b", 64, kLate);
  auto verdicts = Allot(cluster);
  EXPECT_TRUE(verdicts[Key("shop/b")].accepted.ok);
  EXPECT_EQ(verdicts[Key("shop/b")].vni, Number(64));
}

TEST(AllotVnis, AcrossNamespacesTheYoungerIsRefusedAndToldNoForeignName) {
  Cluster cluster;
  Stating(cluster, "shop/tap", 64, kLate);
  Stating(cluster, "vault/watch", 64, kEarly);
  auto verdicts = Allot(cluster);
  EXPECT_TRUE(verdicts[Key("vault/watch")].accepted.ok);
  const SessionVerdict& refused = verdicts[Key("shop/tap")];
  EXPECT_FALSE(refused.accepted.ok);
  EXPECT_EQ(refused.accepted.reason, reason::kVniConflict);
  EXPECT_EQ(refused.vni, std::nullopt);
  EXPECT_NE(refused.accepted.message.find("64"), std::string::npos);
  EXPECT_EQ(refused.accepted.message.find("vault"), std::string::npos);
  EXPECT_EQ(refused.accepted.message.find("watch"), std::string::npos);
}

TEST(AllotVnis, AmongEqualAgesTheNamespaceDecidesWhoIsRefused) {
  Cluster cluster;
  Stating(cluster, "b/tap", 64, kEarly);
  Stating(cluster, "a/tap", 64, kEarly);
  auto verdicts = Allot(cluster);
  EXPECT_TRUE(verdicts[Key("a/tap")].accepted.ok);
  EXPECT_FALSE(verdicts[Key("b/tap")].accepted.ok);
}

TEST(AllotVnis, TheSessionNumberDoesNotDecideWhoIsRefused) {
  Cluster cluster;
  Stating(cluster, "a/tap", 64, kLate).spec->number = 1;
  Stating(cluster, "b/tap", 64, kEarly).spec->number = 9;
  EXPECT_FALSE(Allot(cluster)[Key("a/tap")].accepted.ok);
}

TEST(AllotVnis, ARefusedSessionHoldsNothing) {
  Cluster cluster;
  Stating(cluster, "a/first", 64, kEarly);
  Stating(cluster, "b/second", 64, kLate);  // refused
  Stating(cluster, "a/third", 64, kLate + std::chrono::hours(1));
  auto verdicts = Allot(cluster);
  EXPECT_FALSE(verdicts[Key("b/second")].accepted.ok);
  EXPECT_TRUE(verdicts[Key("a/third")].accepted.ok);
}

TEST(AllotVnis, APausedSessionHoldsItsNumber) {
  Cluster cluster;
  Stating(cluster, "a/tap", 64, kEarly).spec->paused = true;
  Stating(cluster, "b/tap", 64, kLate);
  EXPECT_FALSE(Allot(cluster)[Key("b/tap")].accepted.ok);
}

TEST(AllotVnis, AnInvalidSessionHoldsNothingAndGetsNothing) {
  Cluster cluster;
  auto& broken = Stating(cluster, "a/tap", 64, kEarly);
  broken.status_vni = Number(64);
  broken.spec = std::unexpected(api::Invalid{{"wrong", "spec", ""}, ""});
  Stating(cluster, "b/tap", 64, kLate);
  auto verdicts = Allot(cluster);
  EXPECT_TRUE(verdicts[Key("b/tap")].accepted.ok);
  EXPECT_EQ(verdicts[Key("a/tap")].vni, std::nullopt);
}

TEST(AllotVnis, WithoutAStatedNumberTheHashOfTheUidIsAllotted) {
  Cluster cluster;
  cluster.Session("tap").meta.uid = "7f1c";
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, FirstChoice("7f1c"));
}

TEST(AllotVnis, WithoutAUidNamespaceAndNameAreHashed) {
  Cluster cluster;
  cluster.Session("tap").meta.uid = "";
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, FirstChoice("shop/tap"));
}

TEST(AllotVnis, AnAllottedNumberIsKept) {
  Cluster cluster;
  cluster.Session("tap").status_vni = Number(777);
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, Number(777));
}

TEST(AllotVnis, AnAllottedNumberIsLostToAnOlderSession) {
  Cluster cluster;
  Stating(cluster, "old", 777, kEarly);
  auto& young = cluster.Session("young");
  young.meta.created = kLate;
  young.status_vni = Number(777);
  EXPECT_EQ(Allot(cluster)[Key("young")].vni, FirstChoice(young.meta.uid));
}

TEST(AllotVnis, AnAllottedNumberCountsAsHeldLikeAStatedOne) {
  Cluster cluster;
  auto& old = cluster.Session("a/old");
  old.meta.created = kEarly;
  old.status_vni = Number(777);
  Stating(cluster, "b/young", 777, kLate);
  Stating(cluster, "a/friend", 777, kLate);  // of the holder's namespace
  auto verdicts = Allot(cluster);
  EXPECT_EQ(verdicts[Key("a/old")].vni, Number(777));
  EXPECT_EQ(verdicts[Key("b/young")].accepted.reason, reason::kVniConflict);
  EXPECT_EQ(verdicts[Key("a/friend")].vni, Number(777));
}

TEST(AllotVnis, TheSearchSkipsNumbersThatAnySessionStates) {
  Cluster cluster;
  auto& tap = cluster.Session("tap");
  const std::uint32_t first = FirstChoice(tap.meta.uid).value();
  ASSERT_LT(first, 16777213u);
  Stating(cluster, "b/x", first, kLate).spec->paused = true;
  Stating(cluster, "c/y", first + 1, kLate);
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, Number(first + 2));
}

TEST(AllotVnis, TheSearchSkipsWhatAYoungerSessionHasAlready) {
  Cluster cluster;
  auto& old = cluster.Session("old");
  old.meta.created = kEarly;
  const Vni first = FirstChoice(old.meta.uid);
  auto& young = cluster.Session("young");
  young.meta.created = kLate;
  young.status_vni = first;
  auto verdicts = Allot(cluster);
  EXPECT_EQ(verdicts[Key("young")].vni, first);
  EXPECT_EQ(verdicts[Key("old")].vni, Number(first.value() + 1));
}

TEST(AllotVnis, TheSearchGoesOnAtZeroAfterTheLastNumber) {
  Cluster cluster;
  auto& tap = cluster.Session("tap");
  const std::uint32_t first = FirstChoice(tap.meta.uid).value();
  // A name per number would take 16 million sessions, so look for a UID near the end.
  std::string uid;
  for (int i = 0; FirstChoice(uid = std::to_string(i)).value() < 16777200; ++i) {
  }
  tap.meta.uid = uid;
  ASSERT_NE(first, FirstChoice(uid).value());
  for (std::int64_t vni = FirstChoice(uid).value(); vni <= 16777215; ++vni) {
    Stating(cluster, "x-" + std::to_string(vni), vni, kLate);
  }
  Stating(cluster, "x-0", 0, kLate);
  EXPECT_EQ(Allot(cluster)[Key("tap")].vni, Number(1));
}

TEST(AllotVnis, WhatWasAllottedIsAllottedAgainOnceItStandsInTheStatus) {
  Cluster cluster;
  for (int i = 0; i < 50; ++i) {
    auto& session = cluster.Session("n" + std::to_string(i % 3) + "/s" + std::to_string(i));
    session.meta.uid = std::to_string(i % 5);  // many collisions
    if (i % 7 == 0) session.spec->vni = Number(FirstChoice(session.meta.uid).value());
    if (i % 4 == 0) session.meta.created = std::nullopt;
  }
  const SessionVerdicts first = Allot(cluster);
  for (auto& [key, session] : cluster.snapshot.sessions) session.status_vni = first.at(key).vni;
  EXPECT_EQ(Allot(cluster), first);
}

}  // namespace
}  // namespace podmirror::compile
