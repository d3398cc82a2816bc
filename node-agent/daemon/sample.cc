#include "node-agent/daemon/sample.h"

#include <algorithm>

#include "node-agent/app/counts.h"
#include "node-agent/plan/plan.h"

namespace podmirror::daemon {

std::vector<stats::HookCount> NamedCounts(const DesiredState& desired, const pods::PodLinks& links,
                                          const plan::Observed& observed, const dataplane::Counters& counters) {
  agent::Names names;
  for (const DesiredSession& session : desired.sessions) {
    names.sessions[plan::SessionKey(session)] = session.key.ToString();
  }
  for (const auto& [pod, link] : links) {
    if (link.ifindex != 0) names.interfaces[link.ifindex] = link.name;
  }
  return agent::HookCounts(observed, counters, names);
}

std::set<std::string> SessionNames(const DesiredState& desired) {
  std::set<std::string> names;
  for (const DesiredSession& session : desired.sessions) names.insert(session.key.ToString());
  return names;
}

std::vector<metrics::MapFill> MapFills(const plan::Observed& observed) {
  std::uint64_t slots = 0;
  for (const auto& [ifindex, interface] : observed.interfaces) {
    for (const auto& hook : interface.hooks) slots += hook ? hook->value.n_sessions : 0;
  }
  return {{"interfaces", observed.interfaces.size(), PM_MAX_INTERFACES},
          {"rulesets", observed.rulesets.size(), PM_MAX_RULESETS},
          {"targets", observed.targets.size(), PM_MAX_TARGETS},
          {"endpoints", observed.endpoints.size(), PM_MAX_ENDPOINTS},
          {"session_counters", slots, PM_MAX_SLOTS},
          {"collectors", observed.collectors.size(), PM_MAX_SOCKETS},
          {"services", observed.services.size(), PM_MAX_SOCKETS},
          {"budgets", observed.budgets.size(), PM_MAX_BUDGETS}};
}

std::uint64_t AttachedInterfaces(const plan::Observed& observed) {
  return static_cast<std::uint64_t>(std::ranges::count_if(observed.interfaces, [](const auto& entry) {
    return std::ranges::all_of(entry.second.attachments, [](plan::Attachment attachment) {
      return attachment == plan::Attachment::kCurrent || attachment == plan::Attachment::kNotFirst;
    });
  }));
}

}  // namespace podmirror::daemon
