#pragma once

#include "contract/result.h"
#include "node-agent/dataplane/pins.h"
#include "node-agent/plan/op.h"

namespace podmirror::dataplane {

Result<void> ApplyOp(const Pins& pins, const plan::Op& op);

}  // namespace podmirror::dataplane
