#include "node-agent/app/counts.h"

#include <algorithm>

namespace podmirror::agent {
namespace {

template <typename Key>
std::string NameOf(const std::map<Key, std::string>& names, Key key) {
  const auto name = names.find(key);
  return name == names.end() ? "#" + std::to_string(key) : name->second;
}

stats::HookCount MakeHook(const plan::Hook& hook, const dataplane::Counters& counters, std::size_t hook_index,
                          const Names& names) {
  stats::HookCount count;
  count.complete = hook.value.complete != 0;
  if (hook_index < counters.hooks.size()) count.counters = counters.hooks[hook_index];
  const std::uint32_t sessions = std::min<std::uint32_t>(hook.value.n_sessions, PM_MAX_SESSIONS);
  for (std::uint32_t i = 0; i < sessions; ++i) {
    const pm_hook_session& entry = hook.value.session[i];
    stats::SessionCount session;
    session.name = NameOf<std::uint64_t>(names.sessions, entry.key);
    session.chained = entry.chained != 0;
    if (entry.slot < counters.slots.size()) session.counters = counters.slots[entry.slot];
    count.sessions.push_back(std::move(session));
  }
  return count;
}

}  // namespace

std::vector<stats::HookCount> HookCounts(const plan::Observed& observed, const dataplane::Counters& counters,
                                         const Names& names) {
  std::vector<stats::HookCount> counts;
  for (const auto& [ifindex, interface] : observed.interfaces) {
    if (!interface.entry) continue;
    for (const std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
      const auto& hook = interface.hooks.at(direction);
      if (!hook) continue;
      stats::HookCount count = MakeHook(*hook, counters, interface.entry->index * 2 + direction, names);
      count.name = NameOf(names.interfaces, ifindex) + (direction == PM_INGRESS ? " ingress" : " egress");
      count.direction = static_cast<pm_direction>(direction);
      counts.push_back(std::move(count));
    }
  }
  return counts;
}

}  // namespace podmirror::agent
