// Settings as people write them.
#pragma once

#include <string_view>

#include "contract/result.h"
#include "node-agent/plan/plan.h"

namespace podmirror::plan {

// "10%", "500M", "off".
Result<NodeBudget> ParseNodeBudget(std::string_view text);
// "0" to "14".
Result<int> ParseSourcePortBits(std::string_view text);

}  // namespace podmirror::plan
