// Whatever the way through a list of worlds, the kernel ends where the direct way would have led, and every single op
// on the way leaves it whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worlds/plan/histories.h"

namespace podmirror::test {
namespace {

using testing::IsEmpty;
using Worlds = std::vector<World>;

constexpr std::uint32_t kSeeds = 4;

std::vector<History> AllHistories() {
  std::vector<History> histories = Stories();
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) histories.push_back(RandomHistory(seed));
  return histories;
}

// The state that `world` has on a machine that knew nothing before.
std::multiset<std::string> Direct(const World& world) {
  FakeDataplane kernel;
  EXPECT_TRUE(Reconcile(kernel, world));
  EXPECT_THAT(kernel.broken(), IsEmpty());
  return WithoutIds(kernel.state());
}

void ExpectArrived(const FakeDataplane& kernel, const World& world, const std::multiset<std::string>& direct) {
  EXPECT_THAT(kernel.broken(), IsEmpty());
  EXPECT_EQ(WithoutIds(kernel.state()), direct);
  EXPECT_THAT(Described(world.Plan(kernel.state())), IsEmpty()) << "a second plan has something left to do";
}

void Walk(FakeDataplane& kernel, const Worlds& worlds) {
  for (const World& world : worlds) ASSERT_TRUE(Reconcile(kernel, world));
  ExpectArrived(kernel, worlds.back(), Direct(worlds.back()));
}

// A change in three steps: first the wishes, then the pods' interfaces, then the routes.
Worlds Split(const Worlds& worlds) {
  Worlds steps = {worlds.front()};
  for (std::size_t i = 1; i < worlds.size(); ++i) {
    World step = worlds[i - 1];
    step.desired = worlds[i].desired;
    steps.push_back(step);
    step.links = worlds[i].links;
    steps.push_back(step);
    steps.push_back(worlds[i]);
  }
  return steps;
}

Worlds EmptiedBetween(const Worlds& worlds) {
  Worlds steps;
  for (const World& world : worlds) {
    World empty;
    empty.settings = world.settings;
    steps.push_back(empty);
    steps.push_back(world);
  }
  return steps;
}

class Histories : public testing::TestWithParam<History> {};

TEST_P(Histories, EndInTheStateOfTheirLastWorld) {
  FakeDataplane kernel;
  Walk(kernel, GetParam().worlds);
}

TEST_P(Histories, EndAlikeWhenReversed) {
  Worlds worlds = GetParam().worlds;
  std::ranges::reverse(worlds);
  FakeDataplane kernel;
  Walk(kernel, worlds);
}

TEST_P(Histories, EndAlikeWhenSquashed) {
  const Worlds& worlds = GetParam().worlds;
  for (const World& first : worlds) {
    FakeDataplane kernel;
    Walk(kernel, {first, worlds.back()});
  }
}

TEST_P(Histories, EndAlikeWhenSplit) {
  FakeDataplane kernel;
  Walk(kernel, Split(GetParam().worlds));
}

TEST_P(Histories, EndAlikeWhenEmptiedInBetween) {
  FakeDataplane kernel;
  Walk(kernel, EmptiedBetween(GetParam().worlds));
}

TEST_P(Histories, LeaveNothingBehindWhenEmptied) {
  FakeDataplane kernel;
  Worlds worlds = GetParam().worlds;
  World empty;
  empty.settings = worlds.back().settings;
  worlds.push_back(empty);
  Walk(kernel, worlds);
  const plan::Observed& state = kernel.state();
  EXPECT_TRUE(state.interfaces.empty() && state.targets.empty() && state.endpoints.empty() && state.rulesets.empty() &&
              state.budgets.empty() && state.collectors.empty() && state.services.empty() && state.neighbours.empty());
}

// Runs each step of the history once for each of its ops, with `disturb` told the position.
template <typename Disturb>
void AtEachOp(const Worlds& worlds, Disturb disturb) {
  FakeDataplane before;
  for (const World& world : worlds) {
    const auto direct = Direct(world);
    const std::size_t ops = world.Plan(before.state()).ops.size();
    for (std::size_t op = 0; op < ops; ++op) {
      FakeDataplane kernel = before;
      disturb(kernel, world, op);
      ASSERT_TRUE(Reconcile(kernel, world));
      ExpectArrived(kernel, world, direct);
      if (testing::Test::HasFailure()) return;
    }
    ASSERT_TRUE(Reconcile(before, world));
  }
}

TEST_P(Histories, SurviveTheAgentsDeathAfterEachOp) {
  AtEachOp(GetParam().worlds, [](FakeDataplane& kernel, const World& world, std::size_t op) {
    const plan::Planned planned = world.Plan(kernel.state());
    for (std::size_t i = 0; i <= op; ++i) ASSERT_TRUE(kernel.Apply(planned.ops[i])) << Describe(planned.ops[i]);
  });
}

TEST_P(Histories, SurviveTheFailureOfEachOp) {
  AtEachOp(GetParam().worlds, [](FakeDataplane& kernel, const World& world, std::size_t op) {
    const plan::Planned planned = world.Plan(kernel.state());
    std::set<std::size_t> not_done;
    for (std::size_t i = 0; i < planned.ops.size(); ++i) {
      if (i == op) kernel.FailAfter(0);
      if (HeldBack(planned, i, not_done) || !kernel.Apply(planned.ops[i])) not_done.insert(i);
    }
    EXPECT_TRUE(not_done.contains(op));
  });
}

// A failed op that is followed by another wish instead of a second try.
TEST_P(Histories, SurviveAFailureThatIsOvertakenByTheNextWorld) {
  const Worlds& worlds = GetParam().worlds;
  FakeDataplane before;
  for (std::size_t w = 0; w < worlds.size(); ++w) {
    const World& next = worlds[(w + 1) % worlds.size()];
    const auto direct = Direct(next);
    const plan::Planned planned = worlds[w].Plan(before.state());
    for (std::size_t op = 0; op < planned.ops.size(); ++op) {
      FakeDataplane kernel = before;
      kernel.FailAfter(op);
      ApplyAll(kernel, planned);
      ASSERT_TRUE(Reconcile(kernel, next));
      ExpectArrived(kernel, next, direct);
    }
    ASSERT_TRUE(Reconcile(before, worlds[w]));
  }
}

std::map<std::string, std::string> WhatPacketsMeetAfter(FakeDataplane kernel, const World& world) {
  kernel.Watch(nullptr);
  EXPECT_TRUE(Reconcile(kernel, world));
  return WhatPacketsMeet(kernel.state());
}

TEST_P(Histories, ShowEachPacketTheOldOrTheNewAndNothingBetween) {
  FakeDataplane kernel;
  for (const World& world : GetParam().worlds) {
    const auto old = WhatPacketsMeet(kernel.state());
    const auto later = WhatPacketsMeetAfter(kernel, world);
    kernel.Watch([&](const plan::Op& op, const plan::Observed& state) {
      for (const auto& [what, now] : WhatPacketsMeet(state)) {
        const bool as_before = old.contains(what) && old.at(what) == now;
        const bool as_after = later.contains(what) && later.at(what) == now;
        EXPECT_TRUE(as_before || as_after) << Describe(op) << " shows " << what << ": " << now;
      }
    });
    ASSERT_TRUE(Reconcile(kernel, world));
  }
}

TEST_P(Histories, NeverStopAnInterfaceThatGoesOn) {
  FakeDataplane kernel;
  for (const World& world : GetParam().worlds) {
    const auto old = WhatPacketsMeet(kernel.state());
    const auto later = WhatPacketsMeetAfter(kernel, world);
    kernel.Watch([&](const plan::Op& op, const plan::Observed& state) {
      const auto now = WhatPacketsMeet(state);
      for (const auto& [what, text] : old) {
        // The first word is the identity; another one is another interface.
        const bool goes_on = later.contains(what) && later.at(what).substr(0, 16) == text.substr(0, 16);
        EXPECT_TRUE(!goes_on || what.starts_with("target") || now.contains(what)) << Describe(op) << " stops " << what;
      }
    });
    ASSERT_TRUE(Reconcile(kernel, world));
  }
}

INSTANTIATE_TEST_SUITE_P(Plan, Histories, testing::ValuesIn(AllHistories()), [](const auto& test) {
  std::string name = test.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
});

}  // namespace

// What a failing parameterized test prints.
void PrintTo(const History& history, std::ostream* out) { *out << history.name; }

}  // namespace podmirror::test
