#include "operator/app/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "tests/support/cluster.h"

namespace podmirror::app {
namespace {

using std::chrono_literals::operator""s;
using podmirror::testing::Key;
using podmirror::testing::Shop;
using ::testing::HasSubstr;

const Clock::time_point kStart{std::chrono::hours(1)};

status::Status Tap(const std::string& type, bool status, std::string_view reason, const std::string& message = "m") {
  status::Status all;
  all.sessions[Key("tap")].conditions = {{type, status, std::string(reason), message}};
  return all;
}

class ConditionNoticesTest : public ::testing::Test {
 protected:
  std::vector<kube::Event> Update(const status::Status& status, std::chrono::seconds at = 0s) {
    return notices_.Update(status, unsure_, cluster_.snapshot, kStart + at);
  }
  podmirror::testing::Cluster cluster_ = Shop();
  std::set<ObjectKey> unsure_;
  ConditionNotices notices_;
};

TEST_F(ConditionNoticesTest, AConditionThatTurnsFalseIsAWarningOnTheObject) {
  Update(Tap("ResolvedRefs", true, reason::kResolvedRefs));
  const auto events = Update(Tap("ResolvedRefs", false, reason::kTargetNotFound, "target shop/ids does not exist"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].warning);
  EXPECT_EQ(events[0].reason, "TargetNotFound");
  EXPECT_EQ(events[0].note, "target shop/ids does not exist");
  EXPECT_EQ(events[0].regarding,
            (kube::ObjectReference{"podmirror.io/v1alpha1", "TrafficMirrorSession", Key("tap"), "uid-shop/tap"}));
}

TEST_F(ConditionNoticesTest, ProgrammedIsNormal) {
  const auto events = Update(Tap("Programmed", true, reason::kProgrammed));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].warning);
  EXPECT_EQ(events[0].reason, "Programmed");
}

TEST_F(ConditionNoticesTest, NothingIsToldTwice) {
  Update(Tap("Programmed", true, reason::kProgrammed));
  EXPECT_TRUE(Update(Tap("Programmed", true, reason::kProgrammed, "other words")).empty());
}

TEST_F(ConditionNoticesTest, ASessionThatIsAboutToBeProgrammedIsNoTrouble) {
  EXPECT_TRUE(Update(Tap("Programmed", false, reason::kPartlyProgrammed)).empty());
  EXPECT_EQ(notices_.due(), kStart + ConditionNotices::kPatience);
  const auto events = Update(Tap("Programmed", true, reason::kProgrammed), 1s);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].warning);
  EXPECT_EQ(notices_.due(), std::nullopt);
}

TEST_F(ConditionNoticesTest, ASessionThatStaysPartlyProgrammedIs) {
  Update(Tap("Programmed", false, reason::kPartlyProgrammed));
  const auto events = Update(Tap("Programmed", false, reason::kPartlyProgrammed), 5s);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].warning);
  EXPECT_EQ(notices_.due(), std::nullopt);
}

TEST_F(ConditionNoticesTest, WhatFollowsFromATroubleIsNotToldBesideIt) {
  EXPECT_TRUE(Update(Tap("Programmed", false, reason::kNotResolved)).empty());
  EXPECT_TRUE(Update(Tap("TargetReady", false, reason::kNoEndpoints)).empty());
}

TEST_F(ConditionNoticesTest, APauseIsNoWarning) {
  const auto events = Update(Tap("Programmed", false, reason::kPaused));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].warning);
}

TEST_F(ConditionNoticesTest, ANewLeaderDoesNotTellAllAnew) {
  cluster_.snapshot.sessions.at(Key("tap")).status = "{}";
  EXPECT_TRUE(Update(Tap("Programmed", true, reason::kProgrammed)).empty());
  EXPECT_EQ(Update(Tap("ResolvedRefs", false, reason::kFilterNotFound)).size(), 1U);
}

TEST_F(ConditionNoticesTest, WhatIsNotSureIsToldWhenItIs) {
  unsure_ = {Key("tap")};
  EXPECT_TRUE(Update(Tap("ResolvedRefs", false, reason::kFilterNotFound)).empty());
  unsure_.clear();
  EXPECT_EQ(Update(Tap("ResolvedRefs", false, reason::kFilterNotFound)).size(), 1U);
}

TEST_F(ConditionNoticesTest, AnObjectThatIsMadeAnewIsToldOfAnew) {
  Update(Tap("Programmed", true, reason::kProgrammed));
  Update({});
  EXPECT_EQ(Update(Tap("Programmed", true, reason::kProgrammed)).size(), 1U);
}

// A session of namespace `sec` that mirrors `count` pods of `shop`.
struct Foreign {
  explicit Foreign(int count) {
    api::TrafficMirrorSession session{{{}, api::SessionSpec{}}, std::nullopt};
    session.meta.key = {"sec", "tap"};
    session.meta.uid = "uid-tap";
    snapshot.sessions.insert_or_assign(session.meta.key, session);
    auto& verdict = verdicts.sessions[session.meta.key];
    for (int i = 0; i < count; ++i) {
      api::Pod pod;
      pod.meta.key = {"shop", "p" + std::to_string(100 + i)};
      pod.meta.uid = "uid-" + pod.meta.key.name;
      snapshot.pods[pod.meta.key] = pod;
      verdict.sources.push_back({pod.meta.key, "n1", "", ""});
    }
  }
  store::Snapshot snapshot;
  compile::Verdicts verdicts;
};

TEST(ForeignNotices, TheSourcePodIsToldOfStartAndStop) {
  const Foreign none(0);
  const Foreign one(1);
  ForeignNotices notices;
  EXPECT_TRUE(notices.Update(none.verdicts, none.snapshot, kStart).empty());
  auto events = notices.Update(one.verdicts, one.snapshot, kStart);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reason, "MirroringStarted");
  EXPECT_EQ(events[0].regarding, (kube::ObjectReference{"v1", "Pod", {"shop", "p100"}, "uid-p100"}));
  EXPECT_EQ(events[0].related.key, (ObjectKey{"sec", "tap"}));
  EXPECT_EQ(events[0].related.uid, "uid-tap");
  EXPECT_TRUE(notices.Update(one.verdicts, one.snapshot, kStart).empty());
  events = notices.Update(none.verdicts, one.snapshot, kStart);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reason, "MirroringStopped");
}

TEST(ForeignNotices, PodsOfTheSessionsOwnNamespaceAreNotToldOf) {
  Foreign own(1);
  own.verdicts.sessions[{"shop", "tap"}] = own.verdicts.sessions[{"sec", "tap"}];
  own.verdicts.sessions.erase({"sec", "tap"});
  ForeignNotices notices;
  notices.Update({}, own.snapshot, kStart);
  EXPECT_TRUE(notices.Update(own.verdicts, own.snapshot, kStart).empty());
}

TEST(ForeignNotices, WhatIsSelectedButNotMirroredIsNotToldOf) {
  Foreign inactive(1);
  inactive.verdicts.sessions.begin()->second.active.ok = false;
  Foreign sealed(1);
  sealed.verdicts.sessions.begin()->second.sources[0].reason = "Sealed";
  ForeignNotices notices;
  notices.Update({}, sealed.snapshot, kStart);
  EXPECT_TRUE(notices.Update(inactive.verdicts, inactive.snapshot, kStart).empty());
  EXPECT_TRUE(notices.Update(sealed.verdicts, sealed.snapshot, kStart).empty());
}

TEST(ForeignNotices, TwentyAMinuteAndThenTheRestInOne) {
  const Foreign many(25);
  ForeignNotices notices;
  notices.Update({}, many.snapshot, kStart);
  EXPECT_EQ(notices.Update(many.verdicts, many.snapshot, kStart).size(), 20U);
  EXPECT_EQ(notices.due(), kStart + 60s);
  EXPECT_TRUE(notices.Pass(kStart + 59s).empty());
  const auto rest = notices.Pass(kStart + 60s);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_THAT(rest[0].note, HasSubstr("and 5 more"));
  EXPECT_EQ(notices.due(), std::nullopt);
}

TEST(ForeignNotices, ANewLeaderDoesNotTellAllAnew) {
  const Foreign one(1);
  ForeignNotices notices;
  EXPECT_TRUE(notices.Update(one.verdicts, one.snapshot, kStart).empty());
}

TEST(ForeignNotices, APodThatIsGoneIsNotToldOfItsEnd) {
  const Foreign one(1);
  ForeignNotices notices;
  notices.Update(one.verdicts, one.snapshot, kStart);
  EXPECT_TRUE(notices.Update({}, {}, kStart).empty());
}

TEST(NoticeOfDeletion, NamesTheSessionsThatUsedIt) {
  const auto cluster = Shop();
  const auto verdicts = cluster.Compile().verdicts;
  api::Meta meta;
  meta.key = Key("ids");
  auto event = NoticeOfDeletion(kube::Kind::kTarget, meta, cluster.snapshot, verdicts);
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->warning);
  EXPECT_EQ(event->reason, "TargetNotFound");
  EXPECT_THAT(event->note, HasSubstr("shop/tap"));
  meta.key = Key("all");
  event = NoticeOfDeletion(kube::Kind::kFilter, meta, cluster.snapshot, verdicts);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->reason, "FilterNotFound");
}

TEST(NoticeOfDeletion, WhatNobodyUsedGoesQuietly) {
  const auto cluster = Shop();
  api::Meta meta;
  meta.key = Key("other");
  EXPECT_FALSE(NoticeOfDeletion(kube::Kind::kTarget, meta, cluster.snapshot, cluster.Compile().verdicts));
}

}  // namespace
}  // namespace podmirror::app
