// Random sessions with random filters.
#pragma once

#include "tests/oracle/product.h"
#include "tests/oracle/random.h"

namespace podmirror::oracle {

// The rule alone; its number is 1.
Rule RandomRule(Random& random);

// 0 to 16 sessions with at most 256 rules in all, lowered.
World RandomWorld(Random& random);

}  // namespace podmirror::oracle
