#include "node-agent/plan/hash_table.h"

#include "node-agent/plan/hash.h"

namespace podmirror::plan {
namespace {

std::uint64_t Seed(const SocketAddress& endpoint) {
  return Hash()
      .Add(static_cast<std::uint64_t>(endpoint.ip.family()))
      .Add(std::span<const std::uint8_t>(endpoint.ip.bytes()))
      .Add(std::uint64_t{endpoint.port})
      .value();
}

// Odd, so that no two entries share a factor (2^64 divided by the golden ratio).
constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15ULL;

}  // namespace

std::vector<std::uint32_t> SpreadFlows(std::span<const SocketAddress> endpoints) {
  std::vector<std::uint32_t> table(PM_TABLE_SIZE, kNobody);
  std::vector<std::uint64_t> highest(PM_TABLE_SIZE, 0);
  for (std::uint32_t position = 0; position < endpoints.size(); ++position) {
    const std::uint64_t seed = Seed(endpoints[position]);
    for (std::uint32_t entry = 0; entry < PM_TABLE_SIZE; ++entry) {
      const std::uint64_t weight = Mix(seed ^ (entry + 1) * kStride);
      if (table[entry] != kNobody && weight <= highest[entry]) continue;
      highest[entry] = weight;
      table[entry] = position;
    }
  }
  return table;
}

}  // namespace podmirror::plan
