#include "node-agent/plan/hash_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "node-agent/plan/hash.h"
#include "tests/support/plan_world.h"

namespace podmirror::plan {
namespace {

constexpr std::size_t kMost = 50;
constexpr int kFlows = 20'000;

std::vector<SocketAddress> Collectors(std::size_t count) {
  std::vector<SocketAddress> collectors;
  for (std::size_t i = 0; i < count; ++i)
    collectors.push_back(
        {IpAddress::V4({10, 244, static_cast<std::uint8_t>(i % 7), static_cast<std::uint8_t>(2 + i)}), 4789});
  return collectors;
}

// The share of random flows that another endpoint serves after the change. `table` entries are compared by address.
double Moved(const std::vector<SocketAddress>& before, const std::vector<SocketAddress>& after) {
  const auto old_table = SpreadFlows(before);
  const auto new_table = SpreadFlows(after);
  std::mt19937 random(7);
  int moved = 0;
  for (int flow = 0; flow < kFlows; ++flow) {
    const std::uint32_t entry = static_cast<std::uint32_t>(random()) >> (32 - PM_TABLE_BITS);
    moved += before[old_table[entry]] != after[new_table[entry]] ? 1 : 0;
  }
  return static_cast<double>(moved) / kFlows;
}

TEST(HashTable, IsNobodysWithoutEndpoints) {
  const auto table = SpreadFlows({});
  ASSERT_EQ(table.size(), std::size_t{PM_TABLE_SIZE});
  EXPECT_TRUE(std::ranges::all_of(table, [](std::uint32_t position) { return position == kNobody; }));
}

TEST(HashTable, BelongsToASingleEndpointAltogether) {
  const auto table = SpreadFlows(Collectors(1));
  EXPECT_TRUE(std::ranges::all_of(table, [](std::uint32_t position) { return position == 0; }));
}

TEST(HashTable, MovesNoMoreThanItsShareWhenAnEndpointGoes) {
  for (std::size_t n = 2; n <= kMost; ++n) {
    const auto all = Collectors(n);
    for (std::size_t gone : {std::size_t{0}, n / 2, n - 1}) {
      auto rest = all;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
      EXPECT_LE(Moved(all, rest), 1.0 / static_cast<double>(n) + 0.02) << n << " endpoints without number " << gone;
    }
  }
}

TEST(HashTable, MovesNoMoreThanItsShareWhenAnEndpointComes) {
  for (std::size_t n = 2; n <= kMost; ++n)
    EXPECT_LE(Moved(Collectors(n - 1), Collectors(n)), 1.0 / static_cast<double>(n) + 0.02) << n << " endpoints";
}

TEST(HashTable, MovesOnlyTheFlowsOfTheEndpointThatWent) {
  const auto all = Collectors(10);
  auto rest = all;
  rest.erase(rest.begin() + 3);
  const auto before = SpreadFlows(all);
  const auto after = SpreadFlows(rest);
  for (std::size_t entry = 0; entry < before.size(); ++entry)
    ASSERT_TRUE(before[entry] == 3 || all[before[entry]] == rest[after[entry]]) << entry;
}

// Shares are binomial: at 50 endpoints the standard deviation is 5.5 % of a share.
TEST(HashTable, GivesEachOfUpToFiftyEndpointsItsShareWithinAQuarter) {
  for (std::size_t n = 2; n <= kMost; ++n) {
    std::vector<int> shares(n, 0);
    for (std::uint32_t position : SpreadFlows(Collectors(n))) ++shares[position];
    const double even = static_cast<double>(PM_TABLE_SIZE) / static_cast<double>(n);
    EXPECT_GE(std::ranges::min(shares), 0.75 * even) << n;
    EXPECT_LE(std::ranges::max(shares), 1.25 * even) << n;
  }
}

TEST(HashTable, DoesNotDependOnTheOrderOfTheList) {
  const auto sorted = Collectors(9);
  auto shuffled = sorted;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  const auto a = SpreadFlows(sorted);
  const auto b = SpreadFlows(shuffled);
  for (std::size_t entry = 0; entry < a.size(); ++entry) ASSERT_EQ(sorted[a[entry]], shuffled[b[entry]]);
}

TEST(HashTable, TellsPortsAndFamiliesApart) {
  const auto address = Collectors(1)[0];
  const auto by_port = SpreadFlows(std::vector{address, SocketAddress{address.ip, 4790}});
  const auto by_family = SpreadFlows(std::vector{address, test::Socket("[fd00::1]:4789")});
  EXPECT_EQ(std::ranges::count(by_port, 0u) + std::ranges::count(by_port, 1u), PM_TABLE_SIZE);
  EXPECT_NE(by_port, by_family);
}

// Every node, release and architecture must choose alike: this number may never change.
TEST(HashTable, IsTheSameEverywhereAndForEver) {
  Hash digest;
  for (std::uint32_t position : SpreadFlows(Collectors(5))) digest.Add(std::uint64_t{position});
  EXPECT_EQ(digest.value(), 11313611138342305061u);
}

}  // namespace
}  // namespace podmirror::plan
