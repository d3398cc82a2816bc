// What a compile can use of the one before: answers with the questions that they belong to. It cannot change what is
// answered, only how long that takes; tests/worlds/compile compares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/compile/compile.h"
#include "operator/compile/judge_sessions.h"
#include "operator/compile/place.h"
#include "operator/compile/select_sources.h"
#include "operator/compile/tenancy.h"

namespace podmirror::compile {

// A session that selects, under a number that changes with it: numbers are compared faster than selectors.
struct KnownSelecting {
  Selecting selecting;
  std::uint64_t number = 0;
};

struct KnownNamespace {
  std::uint64_t pod_changes = 0;  // of the snapshot
  bool sealed = false;
  std::vector<std::uint64_t> sessions;  // KnownSelecting::number
  std::map<std::string, Tier> collectors;
  std::shared_ptr<const Selected> selected;
};

struct Memo::Known {
  Settings settings;
  Namespaces namespaces;
  Reaches reaches;
  std::map<ObjectKey, KnownSelecting> selecting;
  std::uint64_t last_number = 0;
  std::map<std::string, KnownNamespace> selections;  // by namespace
  Parts parts;
  PlacedNodes nodes;
};

}  // namespace podmirror::compile
