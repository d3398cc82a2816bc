// Pass: which session holds which virtual network ID.
#pragma once

#include <string_view>

#include "contract/ip.h"
#include "operator/compile/judge_sessions.h"

namespace podmirror::compile {

// Where the search for a free number begins: FNV-1a, 64 bits, folded by xor into 24 (three pieces of 24, 24 and 16
// bits). Part of the API as far as it must never change: a new hash would renumber what has no status yet.
Vni FirstChoice(std::string_view uid_or_key);

// Sets `vni` of every valid session but those that are refused with VNIConflict.
void AllotVnis(const store::Snapshot& snapshot, SessionVerdicts& verdicts);

}  // namespace podmirror::compile
