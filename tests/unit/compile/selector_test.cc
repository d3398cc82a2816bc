#include "operator/compile/selector.h"

#include <gtest/gtest.h>

namespace podmirror::compile {
namespace {

using Op = api::Requirement::Operator;

const api::Labels kLabels{{"app", "web"}, {"tier", "front"}};

bool Holds(const std::string& key, Op op, std::vector<std::string> values = {}) {
  return Matches({{}, {{key, op, std::move(values)}}}, kLabels);
}

TEST(Selector, EmptySelectorMatchesEverything) {
  EXPECT_TRUE(Matches({}, kLabels));
  EXPECT_TRUE(Matches({}, {}));
}

TEST(Selector, EveryMatchLabelMustBeThereWithItsValue) {
  EXPECT_TRUE(Matches({{{"app", "web"}}, {}}, kLabels));
  EXPECT_TRUE(Matches({{{"app", "web"}, {"tier", "front"}}, {}}, kLabels));
  EXPECT_FALSE(Matches({{{"app", "web"}, {"tier", "back"}}, {}}, kLabels));
  EXPECT_FALSE(Matches({{{"zone", "a"}}, {}}, kLabels));
  EXPECT_FALSE(Matches({{{"app", ""}}, {}}, kLabels));
}

TEST(Selector, InNeedsTheLabelWithAListedValue) {
  EXPECT_TRUE(Holds("app", Op::kIn, {"db", "web"}));
  EXPECT_FALSE(Holds("app", Op::kIn, {"db"}));
  EXPECT_FALSE(Holds("zone", Op::kIn, {"a"}));
}

TEST(Selector, NotInHoldsWhereTheLabelIsAbsent) {
  EXPECT_FALSE(Holds("app", Op::kNotIn, {"web"}));
  EXPECT_TRUE(Holds("app", Op::kNotIn, {"db"}));
  EXPECT_TRUE(Holds("zone", Op::kNotIn, {"a"}));
}

TEST(Selector, ExistsAndDoesNotExistLookAtTheKeyOnly) {
  EXPECT_TRUE(Holds("app", Op::kExists));
  EXPECT_FALSE(Holds("zone", Op::kExists));
  EXPECT_FALSE(Holds("app", Op::kDoesNotExist));
  EXPECT_TRUE(Holds("zone", Op::kDoesNotExist));
}

TEST(Selector, LabelsAndExpressionsAreJoinedByAnd) {
  const api::Requirement front{"tier", Op::kIn, {"front"}};
  const api::Requirement back{"tier", Op::kIn, {"back"}};
  EXPECT_TRUE(Matches({{{"app", "web"}}, {front}}, kLabels));
  EXPECT_FALSE(Matches({{{"app", "web"}}, {back}}, kLabels));
  EXPECT_FALSE(Matches({{{"app", "db"}}, {front}}, kLabels));
  EXPECT_FALSE(Matches({{}, {front, back}}, kLabels));
}

}  // namespace
}  // namespace podmirror::compile
