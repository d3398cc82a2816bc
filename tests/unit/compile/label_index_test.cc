#include "operator/compile/label_index.h"

#include <gtest/gtest.h>

#include <random>

#include "operator/compile/selector.h"

namespace podmirror::compile {
namespace {

using Op = api::Requirement::Operator;

// What the index must find, by looking at every pod.
LabelIndex::Positions Scan(const std::vector<const api::Pod*>& pods, const api::Selector& selector) {
  LabelIndex::Positions found;
  for (std::uint32_t i = 0; i < pods.size(); ++i) {
    if (Matches(selector, pods[i]->meta.labels)) found.push_back(i);
  }
  return found;
}

api::Requirement RandomRequirement(std::mt19937& random) {
  api::Requirement requirement{"k" + std::to_string(random() % 3), static_cast<Op>(random() % 4), {}};
  if (requirement.op == Op::kIn || requirement.op == Op::kNotIn) {
    for (std::size_t n = 1 + random() % 2; n > 0; --n) requirement.values.push_back(std::to_string(random() % 3));
  }
  return requirement;
}

TEST(LabelIndex, FindsExactlyWhatAScanOfAllPodsFinds) {
  std::mt19937 random(7);
  std::vector<api::Pod> storage(200);
  std::vector<const api::Pod*> pods;
  for (api::Pod& pod : storage) {
    for (int key = 0; key < 3; ++key) {
      if (random() % 3 != 0) pod.meta.labels["k" + std::to_string(key)] = std::to_string(random() % 3);
    }
    pods.push_back(&pod);
  }
  std::vector<api::Selector> selectors(300);
  std::vector<const api::Selector*> all;
  for (api::Selector& selector : selectors) {
    for (std::size_t n = random() % 3; n > 0; --n) {
      selector.match_labels["k" + std::to_string(random() % 3)] = std::to_string(random() % 3);
    }
    for (std::size_t n = random() % 3; n > 0; --n) selector.match_expressions.push_back(RandomRequirement(random));
    all.push_back(&selector);
  }
  const LabelIndex index(pods, all);
  std::size_t found = 0;
  for (const api::Selector* selector : all) {
    const auto expected = Scan(pods, *selector);
    EXPECT_EQ(index.Select(*selector), expected);
    found += expected.size();
  }
  EXPECT_GT(found, 0u);
}

TEST(LabelIndex, AValueThatNoPodHasFindsNothing) {
  api::Pod pod;
  pod.meta.labels = {{"app", "web"}};
  const std::vector<const api::Pod*> pods{&pod};
  const api::Selector selector{{{"app", "db"}}, {}};
  const std::vector<const api::Selector*> all{&selector};
  EXPECT_TRUE(LabelIndex(pods, all).Select(selector).empty());
}

}  // namespace
}  // namespace podmirror::compile
