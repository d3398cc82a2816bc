// Targets: the endpoints' share of the flows, by id.
#include <algorithm>

#include "node-agent/plan/hash_table.h"
#include "node-agent/plan/ids.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

// An endpoint that cannot be used from here keeps its share: every node must choose alike.
Target TargetOf(const Draft& draft, const DesiredTarget& desired) {
  std::vector<std::uint16_t> ids;
  for (const SocketAddress& address : desired.endpoints) {
    const auto& id = draft.endpoints.at(address).id;
    ids.push_back(id ? static_cast<std::uint16_t>(*id) : PM_NO_ENDPOINT);
  }
  auto target = std::make_shared<pm_target>();
  target->key = TargetKey(desired.key);
  std::ranges::transform(SpreadFlows(desired.endpoints), target->endpoint, [&](std::uint32_t position) {
    return position == kNobody ? std::uint16_t{PM_NO_ENDPOINT} : ids[position];
  });
  return target;
}

}  // namespace

std::vector<std::uint32_t> EndpointsOf(const pm_target& target) {
  std::vector<std::uint32_t> endpoints;
  std::vector<bool> seen(PM_MAX_ENDPOINTS, false);
  for (std::uint16_t id : target.endpoint) {
    if (id >= PM_MAX_ENDPOINTS || seen[id]) continue;
    seen[id] = true;
    endpoints.push_back(id);
  }
  return endpoints;
}

void WantTargets(Draft& draft) {
  IdPool ids(0, PM_MAX_TARGETS);
  std::map<std::uint64_t, std::uint32_t> by_key;
  for (const auto& [id, target] : draft.observed.targets) {
    ids.Use(id);
    by_key.emplace(target->key, id);
  }
  for (const auto& [ifindex, interface] : draft.observed.interfaces) {
    for (const auto& hook : interface.hooks) {
      if (!hook) continue;
      for (const pm_hook_session& session : Sessions(*hook)) ids.Use(session.target);
    }
  }
  for (const DesiredTarget& desired : draft.desired.targets) {
    Target content = TargetOf(draft, desired);
    const auto kept = by_key.find(content->key);
    const std::optional<std::uint32_t> id = kept != by_key.end() ? kept->second : ids.Next();
    if (!id) continue;
    draft.target_ids[desired.key] = *id;
    draft.wanted.targets[*id] = std::move(content);
  }
}

}  // namespace podmirror::plan
