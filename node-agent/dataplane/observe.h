#pragma once

#include "contract/result.h"
#include "node-agent/dataplane/pins.h"
#include "node-agent/plan/state.h"

namespace podmirror::dataplane {

// Reads pins and devices; writes nothing. Without a base everything that cannot be read is as if absent.
Result<plan::Observed> ObserveAll(const Pins& pins);

}  // namespace podmirror::dataplane
