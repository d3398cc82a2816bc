// Passes: which pods become sources of which sessions, and why the others do not. Namespace by namespace, because most
// changes of a cluster concern one of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/desired_state.h"
#include "operator/compile/judge_sessions.h"
#include "operator/compile/tenancy.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

// What of an active session decides about its sources.
struct Selecting {
  ObjectKey key;
  std::uint16_t number = 0;
  Tier tier = Tier::kNormal;
  api::Selector pods;
  std::size_t ingress_rules = 0;
  std::size_t egress_rules = 0;

  bool operator==(const Selecting&) const = default;
};

Selecting SelectingOf(const ActiveSession& active);

// Pods that receive copies of active sessions, with the highest tier of these.
using Collectors = std::map<ObjectKey, Tier>;
Collectors FindCollectors(const std::vector<ActiveSession>& active, const Verdicts& verdicts);

// What is decided for a namespace, from all that decides it but the pods themselves.
struct Question {
  const Namespace* ns = nullptr;
  bool own = false;                        // the namespace of Podmirror's own pods
  std::vector<const Selecting*> sessions;  // that reach it, in the order of evaluation
  std::map<std::string, Tier> collectors;  // its pods among them
};

// A pod whose packets are mirrored, and by whom, in the order of evaluation.
struct Source {
  NodeName node;
  DesiredSource desired;
  std::vector<std::uint32_t> sessions;  // of either direction, positions in Question::sessions
};

struct Selected {
  std::vector<Source> sources;                                // by pod
  std::vector<std::vector<SourceVerdict>> verdicts;           // by session, then by pod
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ties;  // the later session, the first with the same number
};

// Pods that are not bound to a node wait without a verdict, unless they can never be a source.
Selected SelectSources(const Question& question, const store::Snapshot& snapshot);

// Two sessions of a tier with one number select the same pod: the later one says so, and stays active in its place.
Finding Tie(const ActiveSession& later, const ActiveSession& first);

}  // namespace podmirror::compile
