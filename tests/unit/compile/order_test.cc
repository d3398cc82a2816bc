#include "operator/compile/order.h"

#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::Cluster;
using testing::Time;

api::TrafficMirrorSession Make(const std::string& name, std::uint16_t number, std::optional<Instant> created) {
  Cluster cluster;
  api::TrafficMirrorSession session = cluster.Session(name, number);
  session.meta.created = created;
  return session;
}

const Instant kEarly = Time("2026-01-01T00:00:00Z");
const Instant kLate = Time("2026-02-01T00:00:00Z");

// a comes before b, and b does not come before a.
void ExpectOrder(const api::TrafficMirrorSession& a, const api::TrafficMirrorSession& b) {
  EXPECT_TRUE(EvaluatedBefore(a, b)) << a.meta.key.ToString() << " " << b.meta.key.ToString();
  EXPECT_FALSE(EvaluatedBefore(b, a)) << a.meta.key.ToString() << " " << b.meta.key.ToString();
}

TEST(Order, TheLowerSessionNumberComesFirstHoweverYoung) {
  ExpectOrder(Make("z", 1, std::nullopt), Make("a", 2, kEarly));
}

TEST(Order, AmongEqualNumbersTheOlderComesFirst) { ExpectOrder(Make("z", 5, kEarly), Make("a", 5, kLate)); }

TEST(Order, AnAbsentCreationTimeCountsAsYoungest) { ExpectOrder(Make("z", 5, kLate), Make("a", 5, std::nullopt)); }

TEST(Order, AmongEqualAgesNamespaceThenNameDecides) {
  ExpectOrder(Make("a/z", 5, kEarly), Make("b/a", 5, kEarly));
  ExpectOrder(Make("a/y", 5, kEarly), Make("a/z", 5, kEarly));
  ExpectOrder(Make("a/y", 5, std::nullopt), Make("a/z", 5, std::nullopt));
}

TEST(Order, AgeIgnoresTheNumber) {
  EXPECT_TRUE(Older(Make("z", 9, kEarly), Make("a", 1, kLate)));
  EXPECT_FALSE(Older(Make("a", 1, kLate), Make("z", 9, kEarly)));
}

TEST(Order, NobodyComesBeforeItself) {
  const auto session = Make("a", 1, kEarly);
  EXPECT_FALSE(EvaluatedBefore(session, session));
  EXPECT_FALSE(Older(session, session));
}

}  // namespace
}  // namespace podmirror::compile
