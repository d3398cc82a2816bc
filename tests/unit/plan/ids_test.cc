#include "node-agent/plan/ids.h"

#include <gtest/gtest.h>

namespace podmirror::plan {
namespace {

TEST(IdPool, StartsAtItsFirstId) {
  IdPool from_one(1, 4);
  EXPECT_EQ(from_one.Next(), 1u);
  IdPool from_zero(0, 4);
  EXPECT_EQ(from_zero.Next(), 0u);
  EXPECT_EQ(from_zero.Next(), 1u);
}

TEST(IdPool, PrefersTheIdAfterTheHighestUsedOverAGap) {
  IdPool pool(0, 8);
  pool.Use(1);
  pool.Use(4);
  EXPECT_EQ(pool.Next(), 5u);
}

TEST(IdPool, WrapsToTheGapsAndNeverHandsOutAUsedId) {
  IdPool pool(1, 5);
  pool.Use(4);
  pool.Use(2);
  EXPECT_EQ(pool.Next(), 1u);
  EXPECT_EQ(pool.Next(), 3u);
  EXPECT_EQ(pool.Next(), std::nullopt);
}

TEST(IdPool, IgnoresIdsThatItCouldNotHandOut) {
  IdPool pool(1, 3);
  pool.Use(0);
  pool.Use(0xffff);
  EXPECT_EQ(pool.Next(), 1u);
  EXPECT_EQ(pool.Next(), 2u);
  EXPECT_EQ(pool.Next(), std::nullopt);
}

}  // namespace
}  // namespace podmirror::plan
