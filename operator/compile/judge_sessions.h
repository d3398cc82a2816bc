// Passes: what sessions are worth, before pods are looked at.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "operator/compile/tenancy.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

using SessionVerdicts = std::map<ObjectKey, SessionVerdict>;

// The namespaces that each valid session reaches, with what that was found from.
struct KnownReach {
  Tier tier = Tier::kNormal;
  std::optional<api::Selector> selector;
  std::shared_ptr<const Reach> reach;
};
using Reaches = std::map<ObjectKey, KnownReach>;

// `known` was found from the same `namespaces`; what in it is still true is used again.
Reaches FindReaches(const store::Snapshot& snapshot, const Namespaces& namespaces, const Settings& settings,
                    const Reaches& known);

// Accepted (but for VNI conflicts), resolved, target_ready. Counts the sessions of filters and targets.
void JudgeSessions(const store::Snapshot& snapshot, const Namespaces& namespaces, const Reaches& reaches,
                   Verdicts& verdicts);

// Active: accepted, resolved, neither paused nor expired. Everything else is as if absent.
void JudgeActivity(const store::Snapshot& snapshot, SessionVerdicts& verdicts);

// A session that does something, with what it is joined to.
struct ActiveSession {
  const api::TrafficMirrorSession* session;
  const api::TrafficMirrorFilter* filter;
  SessionVerdict* verdict;
  Tier tier = Tier::kNormal;
};

// In the order of evaluation: the priority tier first. `snapshot` and `verdicts` must outlive them.
std::vector<ActiveSession> ListActive(const store::Snapshot& snapshot, const Settings& settings,
                                      SessionVerdicts& verdicts);

// The earliest expiresAt that is still to come.
std::optional<Instant> NextExpiry(const store::Snapshot& snapshot);

}  // namespace podmirror::compile
