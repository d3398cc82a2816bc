#include "contract/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror {
namespace {

std::string Again(std::string_view text) {
  const Result<Instant> instant = ParseInstant(text);
  return instant ? FormatInstant(*instant) : "refused";
}

TEST(Instant, IsReadAndWrittenAsRfc3339) {
  EXPECT_EQ(Again("2026-12-01T00:00:00Z"), "2026-12-01T00:00:00Z");
  EXPECT_EQ(Again("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Again("1969-12-31T23:59:59Z"), "1969-12-31T23:59:59Z");
  EXPECT_EQ(Again("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
  EXPECT_EQ(Again("2024-02-29T12:00:00Z"), "2024-02-29T12:00:00Z");
  EXPECT_EQ(Again("2026-12-01t00:00:00z"), "2026-12-01T00:00:00Z");
}

TEST(Instant, CountsMillisecondsSinceTheEpoch) {
  EXPECT_EQ(ParseInstant("1970-01-02T00:00:01.5Z")->time_since_epoch().count(), 86'401'500);
  EXPECT_EQ(ParseInstant("2026-12-01T00:00:00Z")->time_since_epoch().count(), 1'796'083'200'000);
}

TEST(Instant, ReadsOffsets) {
  EXPECT_EQ(Again("2026-12-01T00:00:00+01:30"), "2026-11-30T22:30:00Z");
  EXPECT_EQ(Again("2026-12-01T00:00:00-08:00"), "2026-12-01T08:00:00Z");
}

TEST(Instant, KeepsMillisecondsAndDropsWhatIsFiner) {
  EXPECT_EQ(Again("2026-12-01T00:00:00.5Z"), "2026-12-01T00:00:00.500Z");
  EXPECT_EQ(Again("2026-12-01T00:00:00.123456789Z"), "2026-12-01T00:00:00.123Z");
  EXPECT_EQ(Again("2026-12-01T00:00:00.000001Z"), "2026-12-01T00:00:00Z");
}

TEST(Instant, RefusesEverythingElse) {
  for (const char* text : {"",
                           "tomorrow",
                           "2026-12-01",
                           "2026-12-01T00:00:00",
                           "2026-12-01 00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-12-32T00:00:00Z",
                           "2026-12-01T24:00:00Z",
                           "2026-12-01T00:60:00Z",
                           "2026-12-01T00:00:60Z",
                           "2026-12-01T00:00:00.Z",
                           "2026-12-01T00:00:00+24:00",
                           "2026-12-01T00:00:00+0100",
                           "2026-12-01T00:00:00Zx",
                           "26-12-01T00:00:00Z",
                           "2026-12-1T00:00:00Z",
                           "-026-12-01T00:00:00Z",
                           "1796083200"}) {
    EXPECT_EQ(Again(text), "refused") << text;
  }
  EXPECT_THAT(ParseInstant("tomorrow").error().fix, testing::HasSubstr("2026-12-01T00:00:00Z"));
}

TEST(ObjectKey, OrdersByNamespaceThenName) {
  EXPECT_LT((ObjectKey{"a", "z"}), (ObjectKey{"b", "a"}));
  EXPECT_EQ((ObjectKey{"shop", "web"}.ToString()), "shop/web");
}

}  // namespace
}  // namespace podmirror
