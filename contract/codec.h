// DesiredState and NodeReport as JSON: for golden files and `podmirror compile` today, for the wire later.
// Equal values encode to equal bytes (keys in a fixed order, two-space indent, trailing newline).
#pragma once

#include <string>

#include "contract/desired_state.h"
#include "contract/node_report.h"

namespace podmirror {

std::string Encode(const DesiredState& state);
std::string Encode(const NodeReport& report);

}  // namespace podmirror
