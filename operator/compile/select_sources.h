// Passes: which pods become sources of which sessions, and why the others do not.
#pragma once

#include <set>
#include <vector>

#include "operator/compile/judge_sessions.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

// A pod that active sessions select, with these in the order of evaluation.
struct SelectedPod {
  const api::Pod* pod;
  std::vector<const ActiveSession*> sessions;
};

// By pod. `active` must outlive the result.
std::vector<SelectedPod> SelectPods(const store::Snapshot& snapshot, const std::vector<ActiveSession>& active);

// Two sessions with one number select the same pod: the later one says so, and stays active in its place.
void NoteTies(const std::vector<SelectedPod>& selected);

// Pods that receive copies of an active session.
std::set<ObjectKey> FindCollectors(const std::vector<ActiveSession>& active, const Verdicts& verdicts);

// A pod whose packets are mirrored, and by whom, in the order of evaluation.
struct Source {
  const api::Pod* pod;
  std::vector<const ActiveSession*> ingress;
  std::vector<const ActiveSession*> egress;
};

// Adds a verdict per session and pod. Pods that are not bound to a node wait without a verdict.
std::vector<Source> JudgeSources(const std::vector<SelectedPod>& selected, const std::set<ObjectKey>& collectors,
                                 const store::Snapshot& snapshot);

}  // namespace podmirror::compile
