// --node-budget as people write it.
#pragma once

#include <string_view>

#include "contract/result.h"
#include "node-agent/plan/plan.h"

namespace podmirror::plan {

// "10%", "500M", "off".
Result<NodeBudget> ParseNodeBudget(std::string_view text);

}  // namespace podmirror::plan
