// The law of counters, read from what `podmirror status -o json` prints and stated once more by hand.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace podmirror::testing {

// Violations, with their place; empty: it holds. `status` must be of a quiet moment.
std::vector<std::string> BrokenLaws(const nlohmann::json& status);

}  // namespace podmirror::testing
