#include "operator/status/seen.h"

#include <algorithm>

namespace podmirror::status {
namespace {

bool SendsTo(const DesiredState& state, const SocketAddress& endpoint) {
  return std::ranges::any_of(state.targets, [&](const DesiredTarget& target) {
    return std::ranges::binary_search(target.endpoints, endpoint);
  });
}

bool Has(const DesiredState& state, const ObjectKey& session) {
  return std::ranges::binary_search(state.sessions, session, {}, &DesiredSession::key);
}

}  // namespace

Seen Look(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes) {
  Seen seen{&nodes, CompareHeld(compiled, nodes), {}, {}};
  for (const auto& [node, state] : nodes) {
    const auto wanted = compiled.states.find(node);
    if (wanted == compiled.states.end()) continue;
    for (const EndpointReport& endpoint : state.report.endpoints) {
      if (endpoint.reason.empty() || !SendsTo(*wanted->second, endpoint.endpoint)) continue;
      seen.trouble[endpoint.endpoint].emplace_back(node, &endpoint);
    }
    for (const TruncationReport& cut : state.report.truncations) {
      if (Has(*wanted->second, cut.session)) seen.cuts.try_emplace(cut.session, node, &cut);
    }
  }
  return seen;
}

}  // namespace podmirror::status
