#include "operator/kube/recorder_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/lru.h"

namespace podmirror::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Moment kStart{};

// Session bank/tap mirrors a pod of another namespace.
Event Foreign(const std::string& pod, const std::string& ns = "shop") {
  return {{"v1", "Pod", {ns, pod}, "u"},
          {"podmirror.io/v1alpha1", "TrafficMirrorSession", {"bank", "tap"}, "s"},
          false,
          "MirroringStarted",
          "Mirror",
          "bank/tap mirrors " + pod};
}

int AllowedOf(ForeignLimit& limit, int tries, Moment now, const std::string& ns = "shop") {
  int allowed = 0;
  for (int i = 0; i < tries; ++i) allowed += limit.Allow(Foreign("p" + std::to_string(i), ns), now) ? 1 : 0;
  return allowed;
}

std::vector<std::string> Notes(const std::vector<Event>& events) {
  std::vector<std::string> notes;
  for (const Event& event : events) notes.push_back(event.note);
  return notes;
}

TEST(ForeignLimit, AllowsTwentyAMinuteAndThenCountsTheOthers) {
  ForeignLimit limit;
  EXPECT_EQ(AllowedOf(limit, 50, kStart), 20);
  EXPECT_TRUE(limit.has_due());
  EXPECT_THAT(limit.Due(kStart + seconds(59)), IsEmpty());
  EXPECT_THAT(Notes(limit.Due(kStart + seconds(60))), ElementsAre("bank/tap mirrors p49; and 29 more"));
  EXPECT_FALSE(limit.has_due());
  EXPECT_THAT(limit.Due(kStart + seconds(61)), IsEmpty());
}

TEST(ForeignLimit, OneThatWasLeftOutIsSaidAsItIs) {
  ForeignLimit limit;
  AllowedOf(limit, 21, kStart);
  EXPECT_THAT(limit.Due(kStart + minutes(1)), ElementsAre(Foreign("p20")));
}

TEST(ForeignLimit, CountsEachNamespaceAndEachMinuteForItself) {
  ForeignLimit limit;
  EXPECT_EQ(AllowedOf(limit, 30, kStart, "shop"), 20);
  EXPECT_EQ(AllowedOf(limit, 30, kStart, "lab"), 20);
  EXPECT_EQ(AllowedOf(limit, 30, kStart + seconds(59), "shop"), 0);
  EXPECT_EQ(AllowedOf(limit, 30, kStart + seconds(60), "shop"), 20);
}

TEST(ForeignLimit, AMinuteThatEndedIsSaidAlsoWhenTheNextOneHasBegun) {
  ForeignLimit limit;
  AllowedOf(limit, 25, kStart);
  AllowedOf(limit, 1, kStart + seconds(90));
  EXPECT_TRUE(limit.has_due());
  EXPECT_THAT(Notes(limit.Due(kStart + seconds(91))), ElementsAre("bank/tap mirrors p24; and 4 more"));
}

TEST(ForeignLimit, TheOwnNamespaceIsNotLimited) {
  ForeignLimit limit;
  EXPECT_EQ(AllowedOf(limit, 100, kStart, "bank"), 100);
  Event alone = Foreign("p");
  alone.related = {};
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limit.Allow(alone, kStart));
}

TEST(ForeignLimit, AnotherSessionHasItsOwn) {
  ForeignLimit limit;
  AllowedOf(limit, 30, kStart);
  Event other = Foreign("p");
  other.related.key.name = "other";
  EXPECT_TRUE(limit.Allow(other, kStart));
}

Event Noted(const std::string& note) {
  Event event = Foreign("p");
  event.note = note;
  return event;
}

TEST(SimilarEvents, TheEleventhNoteAndAllAfterItAreOne) {
  SimilarEvents similar;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(similar.Combine(Noted(std::to_string(i)), kStart).note, std::to_string(i));
  EXPECT_EQ(similar.Combine(Noted("3"), kStart).note, "3") << "known";
  EXPECT_EQ(similar.Combine(Noted("10"), kStart).note, "(combined from similar events): 10");
  EXPECT_EQ(similar.Combine(Noted("11"), kStart).note, "(combined from similar events): 10");
}

TEST(SimilarEvents, BeginAnewAfterTenQuietMinutes) {
  SimilarEvents similar;
  for (int i = 0; i < 12; ++i) similar.Combine(Noted(std::to_string(i)), kStart);
  EXPECT_NE(similar.Combine(Noted("x"), kStart + minutes(10)).note, "x");
  EXPECT_EQ(similar.Combine(Noted("x"), kStart + minutes(21)).note, "x");
}

TEST(SimilarEvents, AnotherObjectOrReasonIsNotSimilar) {
  SimilarEvents similar;
  for (int i = 0; i < 12; ++i) similar.Combine(Noted(std::to_string(i)), kStart);
  Event reason = Noted("x");
  reason.reason = "MirroringStopped";
  EXPECT_EQ(similar.Combine(reason, kStart).note, "x");
  Event pod = Noted("x");
  pod.regarding.key.name = "q";
  EXPECT_EQ(similar.Combine(pod, kStart).note, "x");
}

TEST(ObjectBudget, HasTwentyFiveAndOneMoreEveryFiveMinutes) {
  ObjectBudget budget;
  const ObjectReference object{"v1", "Pod", {"shop", "p"}, "u"};
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += budget.Take(object, kStart) ? 1 : 0;
  EXPECT_EQ(taken, 25);
  EXPECT_FALSE(budget.Take(object, kStart + seconds(299)));
  EXPECT_TRUE(budget.Take(object, kStart + seconds(301)));
  EXPECT_FALSE(budget.Take(object, kStart + seconds(302)));
  EXPECT_TRUE(budget.Take({"v1", "Pod", {"shop", "q"}, "u"}, kStart));
  taken = 0;
  for (int i = 0; i < 100; ++i) taken += budget.Take(object, kStart + std::chrono::hours(100)) ? 1 : 0;
  EXPECT_EQ(taken, 25) << "never more than a burst";
}

TEST(Lru, ForgetsWhatWasNotUsedForTheLongestTime) {
  Lru<int, int> lru(3);
  for (int i = 1; i <= 3; ++i) lru.At(i) = 10 * i;
  EXPECT_NE(lru.Find(1), nullptr);
  lru.At(4) = 40;
  EXPECT_EQ(lru.Find(2), nullptr);
  EXPECT_EQ(*lru.Find(1), 10);
  lru.Erase(1);
  lru.Erase(99);
  EXPECT_EQ(lru.Find(1), nullptr);
  EXPECT_EQ(lru.size(), 2u);
}

}  // namespace
}  // namespace podmirror::kube
