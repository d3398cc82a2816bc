#include "operator/status/held.h"

#include <algorithm>
#include <array>
#include <set>

namespace podmirror::status {
namespace {

// By session and pod: in which directions.
using Pairs = std::map<std::pair<ObjectKey, ObjectKey>, std::array<bool, 2>>;

Pairs PairsOf(const DesiredState& state) {
  Pairs pairs;
  for (const DesiredSource& source : state.sources) {
    for (const Direction direction : kDirections) {
      for (const ObjectKey& session : source.sessions(direction)) {
        pairs[{session, source.pod}][static_cast<std::size_t>(direction)] = true;
      }
    }
  }
  return pairs;
}

template <typename T>
const T* FindByKey(const std::vector<T>& list, const ObjectKey& key) {
  const auto found = std::ranges::lower_bound(list, key, {}, &T::key);
  return found != list.end() && found->key == key ? &*found : nullptr;
}

template <typename T>
bool HasEqual(const std::vector<T>& list, const T* wanted) {
  const T* found = wanted == nullptr ? nullptr : FindByKey(list, wanted->key);
  return found != nullptr && *found == *wanted;
}

// The session with all that it names.
bool HoldsSession(const DesiredState& applied, const DesiredState& wanted, const ObjectKey& key) {
  const DesiredSession* session = FindByKey(wanted.sessions, key);
  if (session == nullptr || !HasEqual(applied.sessions, session)) return false;
  const DesiredFilter* filter = FindByKey(wanted.filters, session->filter);
  if (filter != nullptr && filter->cluster_dns && applied.cluster_dns != wanted.cluster_dns) return false;
  return HasEqual(applied.filters, filter) && HasEqual(applied.targets, FindByKey(wanted.targets, session->target));
}

bool HoldsPod(const DesiredState& applied, const DesiredState& wanted, const ObjectKey& pod) {
  const auto find = [&pod](const DesiredState& state) {
    return std::ranges::lower_bound(state.sources, pod, {}, &DesiredSource::pod);
  };
  const auto has = find(applied);
  const auto wants = find(wanted);
  return has != applied.sources.end() && wants != wanted.sources.end() && has->pod == pod && has->uid == wants->uid &&
         has->ips == wants->ips;
}

void CompareNode(const NodeName& node, const DesiredState& applied, const DesiredState& wanted, Held& held) {
  const Pairs has = PairsOf(applied);
  const Pairs wants = PairsOf(wanted);
  std::map<ObjectKey, bool> sessions;
  for (const auto& [pair, directions] : wants) {
    const auto& [session, pod] = pair;
    const auto known = sessions.find(session);
    const bool holds = known != sessions.end()
                           ? known->second
                           : sessions.emplace(session, HoldsSession(applied, wanted, session)).first->second;
    const auto same = has.find(pair);
    if (!holds || same == has.end() || same->second != directions || !HoldsPod(applied, wanted, pod)) {
      held.unconfirmed.insert(pair);
    }
  }
  for (const auto& [pair, directions] : has) {
    const auto still = wants.find(pair);
    const auto beyond = [&](std::size_t d) { return directions[d] && (still == wants.end() || !still->second[d]); };
    if (beyond(0) || beyond(1)) held.leftovers[pair.first].push_back({node, pair.second});
  }
}

}  // namespace

Held CompareHeld(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes) {
  static const DesiredState kNothing;
  Held held;
  for (const auto& [node, seen] : nodes) {
    const auto state = compiled.states.find(node);
    if (state != compiled.states.end() && state->second.pointer() == seen.applied) continue;
    const DesiredState& wanted = state == compiled.states.end() ? kNothing : *state->second;
    const DesiredState& applied = seen.applied == nullptr ? kNothing : *seen.applied;
    if (applied != wanted) CompareNode(node, applied, wanted, held);
  }
  return held;
}

}  // namespace podmirror::status
