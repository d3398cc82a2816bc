// Passes: what sessions are worth, before pods are looked at.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

using SessionVerdicts = std::map<ObjectKey, SessionVerdict>;

// Accepted (but for VNI conflicts), resolved, target_ready. Counts the sessions of filters and targets.
void JudgeSessions(const store::Snapshot& snapshot, Verdicts& verdicts);

// Active: accepted, resolved, neither paused nor expired. Everything else is as if absent.
void JudgeActivity(const store::Snapshot& snapshot, SessionVerdicts& verdicts);

// A session that does something, with what it is joined to.
struct ActiveSession {
  const api::TrafficMirrorSession* session;
  const api::TrafficMirrorFilter* filter;
  SessionVerdict* verdict;
};

// In the order of evaluation. `snapshot` and `verdicts` must outlive them.
std::vector<ActiveSession> ListActive(const store::Snapshot& snapshot, SessionVerdicts& verdicts);

// The earliest expiresAt that is still to come.
std::optional<Instant> NextExpiry(const store::Snapshot& snapshot);

}  // namespace podmirror::compile
