#include "operator/app/debounce.h"

#include <gtest/gtest.h>

namespace podmirror::app {
namespace {

using std::chrono_literals::operator""ms;

const Clock::time_point kStart{std::chrono::hours(1)};

class DebounceTest : public ::testing::Test {
 protected:
  void Note(std::chrono::milliseconds at) { debounce_.Note(kStart + at); }
  std::chrono::milliseconds Due() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(debounce_.due().value() - kStart);
  }
  Debounce debounce_{50ms, 250ms};
};

TEST_F(DebounceTest, NothingIsDueAtFirst) {
  EXPECT_EQ(debounce_.due(), std::nullopt);
  EXPECT_FALSE(debounce_.IsDue(kStart));
}

TEST_F(DebounceTest, TheFirstEventAfterAQuietTimeIsDueAtOnce) {
  Note(0ms);
  EXPECT_EQ(Due(), 0ms);
  EXPECT_TRUE(debounce_.IsDue(kStart));
}

TEST_F(DebounceTest, WhatIsDueAtOnceIsNotPutOffByTheNextEvent) {
  Note(0ms);
  Note(1ms);
  EXPECT_EQ(Due(), 0ms);
}

TEST_F(DebounceTest, TheNextOnesWaitForQuiet) {
  Note(0ms);
  debounce_.Done();
  EXPECT_EQ(debounce_.due(), std::nullopt);
  Note(10ms);
  EXPECT_EQ(Due(), 60ms);
  Note(40ms);
  EXPECT_EQ(Due(), 90ms);
}

TEST_F(DebounceTest, AStreamThatNeverPausesIsActedOnAfterTheLongestTime) {
  Note(0ms);
  debounce_.Done();
  for (int i = 1; i <= 100; ++i) Note(std::chrono::milliseconds(10 * i));
  EXPECT_EQ(Due(), 10ms + 250ms);
}

TEST_F(DebounceTest, AfterQuietItIsAtOnceAgain) {
  Note(0ms);
  debounce_.Done();
  Note(50ms);
  EXPECT_EQ(Due(), 50ms);
}

TEST_F(DebounceTest, ARollingUpdateOfAThousandPodsCostsAHandfulOfRuns) {
  int runs = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto now = kStart + std::chrono::milliseconds(i);
    debounce_.Note(now);
    if (!debounce_.IsDue(now)) continue;
    debounce_.Done();
    ++runs;
  }
  EXPECT_LE(runs, 5);
  EXPECT_GE(runs, 4);
}

}  // namespace
}  // namespace podmirror::app
