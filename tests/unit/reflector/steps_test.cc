#include "operator/kube/reflector_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::kube {
namespace {

using End = Outcome::End;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Steps::Time kStart{};

Outcome Ended(milliseconds lasted = minutes(5)) { return {End::kEnded, {}, lasted}; }
Outcome Status(int code, milliseconds retry_after = milliseconds(0)) {
  return {End::kStatus, {code, "", "as the server says", retry_after}, milliseconds(0)};
}
Outcome NoAnswer() { return {End::kNoAnswer, {0, "", "connection refused"}, milliseconds(0)}; }
Outcome With(End end) { return {end, {}, milliseconds(0)}; }

struct Driver {
  Steps steps{Kind::kSession, ReflectorSettings{}};
  Steps::Time now = kStart;

  Next After(const Outcome& outcome, double chance = 0.5) {
    Next next = steps.After(outcome, now, chance);
    now += next.pause;
    return next;
  }
  void Listed() { steps.Listed(now); }
};

Driver Watching() {
  Driver driver;
  driver.Listed();
  return driver;
}

TEST(Steps, BeginsWithAWatchThatListsFirst) { EXPECT_EQ(Driver().steps.current(), Step::kWatchList); }

TEST(Steps, AListIsFollowedByAWatchAtOnce) {
  Driver driver;
  driver.After(With(End::kIncomplete));
  const Next next = driver.After(With(End::kDone));
  EXPECT_EQ(next.step, Step::kWatch);
  EXPECT_EQ(next.pause.count(), 0);
}

TEST(Steps, AWatchThatEndedInTimeGoesOnAtOnceAfterALookAtTheStore) {
  Driver driver = Watching();
  const Next next = driver.After(Ended());
  EXPECT_EQ(next.step, Step::kLook);
  EXPECT_EQ(next.pause.count(), 0);
  EXPECT_FALSE(next.unheard);
  EXPECT_EQ(driver.After(With(End::kDone)).step, Step::kWatch);
}

TEST(Steps, AStoreThatForgotIsListedAnew) {
  Driver driver = Watching();
  driver.After(Ended());
  EXPECT_EQ(driver.After(With(End::kForgot)).step, Step::kWatchList);
}

TEST(Steps, AVersionThatWentBackIsListedAnew) {
  Driver driver = Watching();
  const Next next = driver.After(With(End::kWentBack));
  EXPECT_EQ(next.step, Step::kWatchList);
  EXPECT_GT(next.pause.count(), 0);
}

TEST(Steps, AnExpiredVersionIsListedAnew) {
  Driver driver = Watching();
  const Next next = driver.After(Status(410));
  EXPECT_EQ(next.step, Step::kWatchList);
  EXPECT_FALSE(next.same_page);
  EXPECT_FALSE(next.out_of_sync);
}

TEST(Steps, AnExpiredPageBeginsTheListAnew) {
  Driver driver;
  driver.After(With(End::kIncomplete));
  const Next next = driver.After(Status(410));
  EXPECT_EQ(next.step, Step::kPages);
  EXPECT_FALSE(next.same_page);
}

TEST(Steps, TooManyRequestsWaitsAsLongAsTheServerSaysAndListsNothing) {
  Driver driver = Watching();
  const Next next = driver.After(Status(429, seconds(7)));
  EXPECT_EQ(next.step, Step::kWatch);
  EXPECT_EQ(next.pause, seconds(7));
  ASSERT_TRUE(next.unheard);

  Driver pages;
  pages.After(With(End::kIncomplete));
  const Next page = pages.After(Status(429, seconds(1)));
  EXPECT_EQ(page.step, Step::kPages);
  EXPECT_TRUE(page.same_page);
  EXPECT_EQ(page.pause, seconds(1));
}

TEST(Steps, TooManyRequestsWithoutATimeBacksOff) {
  EXPECT_EQ(Watching().After(Status(429)).pause, milliseconds(800));
  EXPECT_FALSE(Driver().After(Status(429)).same_page) << "a watch-list has no pages";
}

TEST(Steps, AnAbsurdRetryAfterIsCut) { EXPECT_EQ(Watching().After(Status(429, minutes(90))).pause, minutes(5)); }

TEST(Steps, AServerWithoutWatchListIsAskedForPagesEverAfter) {
  for (const int code : {400, 422}) {
    Driver driver;
    const Next next = driver.After(Status(code));
    EXPECT_EQ(next.step, Step::kPages);
    EXPECT_EQ(next.pause.count(), 0);
    EXPECT_FALSE(next.unheard);
    driver.Listed();
    EXPECT_EQ(driver.After(Status(410)).step, Step::kPages);
  }
}

TEST(Steps, AnOldEtcdThatAllowsNoWatchListCostsNoPause) {
  Outcome refused = Status(500);
  refused.status.message =
      "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled";
  Driver driver;
  const Next next = driver.After(refused);
  EXPECT_EQ(next.step, Step::kPages);
  EXPECT_EQ(next.pause.count(), 0);
  EXPECT_FALSE(next.unheard);
  driver.Listed();
  EXPECT_EQ(driver.After(Status(410)).step, Step::kPages);
}

TEST(Steps, AWatchListThatDoesNotEndIsReadInPages) {
  Driver driver;
  EXPECT_EQ(driver.After(With(End::kIncomplete)).step, Step::kPages);
}

TEST(Steps, AWatchListThatFailsInsideTheServerIsTriedAsPagesNext) {
  Driver driver;
  EXPECT_EQ(driver.After(Status(500)).step, Step::kPages);
  EXPECT_EQ(driver.After(Status(500)).step, Step::kWatchList);
}

TEST(Steps, AMissingKindIsOutOfSyncAndLookedForAgain) {
  for (Driver driver : {Driver(), Watching()}) {
    const Next next = driver.After(Status(404));
    EXPECT_EQ(next.step, Step::kWatchList);
    EXPECT_EQ(next.pause, milliseconds(800));
    ASSERT_TRUE(next.out_of_sync);
    EXPECT_THAT(Describe(*next.out_of_sync), HasSubstr("does not know trafficmirrorsessions"));
    EXPECT_THAT(next.out_of_sync->fix, HasSubstr("kubectl apply"));
    EXPECT_FALSE(driver.After(Status(404)).out_of_sync) << "said once";
  }
}

TEST(Steps, AMissingRightSaysWhatToGrant) {
  const Next next = Driver().After(Status(403));
  ASSERT_TRUE(next.out_of_sync);
  EXPECT_THAT(Describe(*next.out_of_sync), HasSubstr("as the server says"));
  EXPECT_THAT(next.out_of_sync->fix, HasSubstr("get, list and watch on trafficmirrorsessions"));
}

TEST(Steps, AnotherReasonIsSaidAnew) {
  Driver driver;
  EXPECT_TRUE(driver.After(Status(404)).out_of_sync);
  EXPECT_TRUE(driver.After(NoAnswer()).unheard);
  EXPECT_FALSE(driver.After(NoAnswer()).unheard);
  EXPECT_TRUE(driver.After(Status(404)).out_of_sync);
  driver.Listed();
  EXPECT_TRUE(driver.After(Status(404)).out_of_sync) << "it was well in between";
}

TEST(Steps, AnOutageEndsWithALookAtTheStoreAndNoList) {
  Driver driver = Watching();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(driver.After(NoAnswer()).step, Step::kLook);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(driver.After(Status(503)).step, Step::kLook);
  EXPECT_EQ(driver.After(With(End::kDone)).step, Step::kWatch);
}

TEST(Steps, AnOutageWhileListingBeginsTheListAnew) {
  Driver driver;
  EXPECT_EQ(driver.After(NoAnswer()).step, Step::kWatchList);
  driver.After(With(End::kIncomplete));
  const Next next = driver.After(NoAnswer());
  EXPECT_EQ(next.step, Step::kPages);
  EXPECT_FALSE(next.same_page) << "the server may be another one";
}

TEST(Steps, PausesDoubleUpToTheLongest) {
  Driver driver;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 8; ++i) pauses.push_back(driver.After(NoAnswer()).pause.count());
  EXPECT_THAT(pauses, ElementsAre(800, 1600, 3200, 6400, 12800, 25600, 30000, 30000));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(driver.After(NoAnswer()).pause.count(), 30000);
}

TEST(Steps, PausesAreScatteredAndNeverBeyondTheLongest) {
  Driver driver;
  EXPECT_EQ(driver.After(NoAnswer(), 0).pause.count(), 600);
  EXPECT_EQ(driver.After(NoAnswer(), 1).pause.count(), 2000);
  for (int i = 0; i < 10; ++i) EXPECT_LE(driver.After(NoAnswer(), 1).pause.count(), 30000);
}

TEST(Steps, PausesBeginAnewAfterTwoGoodMinutesAndNotSooner) {
  for (const auto& [good, pause] : {std::pair(seconds(119), 12800), std::pair(seconds(120), 800)}) {
    Driver driver;
    for (int i = 0; i < 4; ++i) driver.After(NoAnswer());
    driver.Listed();
    driver.now += good;
    EXPECT_EQ(driver.After(NoAnswer()).pause.count(), pause);
  }
}

TEST(Steps, TwoGoodMinutesMayBeOfSeveralWatches) {
  Driver driver;
  for (int i = 0; i < 4; ++i) driver.After(NoAnswer());
  driver.Listed();
  driver.now += seconds(70);
  driver.After(Ended());
  driver.After(With(End::kDone));
  driver.steps.Heard(driver.now);
  driver.now += seconds(70);
  EXPECT_EQ(driver.After(NoAnswer()).pause.count(), 800);
}

TEST(Steps, AWatchThatEndsAtOnceHasFailed) {
  Driver driver = Watching();
  const Next next = driver.After(Ended(milliseconds(999)));
  EXPECT_EQ(next.pause, milliseconds(800));
  EXPECT_EQ(next.step, Step::kLook);
  EXPECT_TRUE(next.unheard);
  EXPECT_EQ(Watching().After(Ended(milliseconds(1000))).pause.count(), 0);
}

TEST(Steps, AListThatEndsTooSoonHasFailed) {
  const Next next = Driver().After(Ended(minutes(1)));
  EXPECT_EQ(next.step, Step::kWatchList);
  EXPECT_EQ(next.pause, milliseconds(800));
}

TEST(Steps, WhatCannotBeReadIsAskedForOnceMoreAndThenListed) {
  Driver driver = Watching();
  EXPECT_EQ(driver.After(With(End::kMalformed)).step, Step::kLook);
  driver.After(With(End::kDone));
  driver.steps.Heard(driver.now);
  EXPECT_EQ(driver.After(With(End::kMalformed)).step, Step::kWatchList);
}

}  // namespace
}  // namespace podmirror::kube
