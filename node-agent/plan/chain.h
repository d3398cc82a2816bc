// The chain of sessions of one {interface, direction}: what a hook and its ruleset are made from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node-agent/plan/draft.h"
#include "node-agent/plan/ids.h"

namespace podmirror::plan {

struct ChainLink {
  const DesiredSession* session = nullptr;
  const DesiredFilter* filter = nullptr;
  pm_hook_session entry{};
  bool fresh = false;  // its counters begin with this plan
};

using Chain = std::vector<ChainLink>;

// The source's sessions that fit, in order; the first that does not and all later ones are left out and the source
// says so. Slots stay with their {interface, direction, session}, `before` being the hook that is there now; others
// come from `slots`. Sets everything of the entries.
Chain BuildChain(const Draft& draft, SourceDraft& source, Direction direction, const Hook* before, IdPool& slots);

// CLOCK_TAI in ns at which the session ends, never 0.
std::uint64_t ExpiresTai(Instant expires_at, std::int64_t tai_minus_utc_ns);

}  // namespace podmirror::plan
