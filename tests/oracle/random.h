// A source of choices that a seed repeats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace podmirror::oracle {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 .. bound - 1
  std::uint64_t Below(std::uint64_t bound) { return engine_() % bound; }
  std::uint64_t Between(std::uint64_t from, std::uint64_t to) { return from + Below(to - from + 1); }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

  template <typename Container>
  const auto& Pick(const Container& container) {
    return *(std::begin(container) + static_cast<std::ptrdiff_t>(Below(std::size(container))));
  }

 private:
  std::mt19937_64 engine_;
};

// PODMIRROR_SEED, or another one each time; printed, so that a failure can be repeated.
std::uint64_t AnnouncedSeed();

}  // namespace podmirror::oracle
