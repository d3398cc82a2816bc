// The same traffic towards either collector, whole and cut.
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "tests/datapath/traffic/world.h"

namespace podmirror::testing {

class VariantTest : public TrafficWorld, public ::testing::WithParamInterface<std::tuple<std::string, int>> {
 protected:
  std::string target() const { return std::get<0>(GetParam()); }
  std::optional<std::uint16_t> length() const {
    const int length = std::get<1>(GetParam());
    return length == 0 ? std::nullopt : std::optional(static_cast<std::uint16_t>(length));
  }
  // The session that mirrors everything.
  std::string name() const { return "all-" + std::to_string(std::get<1>(GetParam())); }
};

inline std::string NameOfVariant(const ::testing::TestParamInfo<VariantTest::ParamType>& variant) {
  const auto& [target, length] = variant.param;
  return target + (length == 0 ? "Whole" : "CutTo" + std::to_string(length));
}

#define PODMIRROR_FOR_ALL_VARIANTS(fixture)                                                               \
  INSTANTIATE_TEST_SUITE_P(Traffic, fixture,                                                              \
                           ::testing::Combine(::testing::Values(std::string("far"), std::string("near")), \
                                              ::testing::Values(0, 80, 128, 1000)),                       \
                           NameOfVariant)

}  // namespace podmirror::testing
