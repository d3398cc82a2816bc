// How far the kernel's clocks are apart.
#pragma once

#include <cstdint>

namespace podmirror::agent {

// CLOCK_TAI - CLOCK_REALTIME in ns, as plan::Settings wants it: both step by whole seconds against each other (leap
// seconds).
std::int64_t TaiMinusUtc();

}  // namespace podmirror::agent
