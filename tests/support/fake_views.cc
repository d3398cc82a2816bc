// States of the kernel as text without ids.
#include <cstdio>

#include "node-agent/plan/hash.h"
#include "tests/support/fake_dataplane.h"

namespace podmirror::test {

using namespace plan;

namespace {

std::string Hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(number));
  return text;
}

template <typename T>
std::string Digest(const T& value) {
  return Hex(Hash().Add({reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)}).value());
}

std::string EndpointText(const Observed& state, std::uint32_t id) {
  if (id == PM_NO_ENDPOINT) return "nowhere";
  const auto found = state.endpoints.find(id);
  if (found == state.endpoints.end()) return "a missing endpoint";
  pm_endpoint value = found->second.value;
  value.budget = 0;
  std::string budget = "no budget";
  if (const auto paid = state.budgets.find(found->second.value.budget); paid != state.budgets.end())
    budget = std::to_string(paid->second.bytes_per_second) + "/" + std::to_string(paid->second.depth);
  return Digest(value) + " with " + budget;
}

std::string TargetText(const Observed& state, const pm_target& target) {
  std::map<std::uint16_t, std::uint64_t> known;
  Hash whole;
  for (std::uint16_t id : target.endpoint) {
    auto found = known.find(id);
    if (found == known.end()) found = known.emplace(id, Hash().Add(EndpointText(state, id)).value()).first;
    whole.Add(found->second);
  }
  return Hex(whole.value()) + " over " + std::to_string(known.size()) + " endpoints";
}

std::string HookText(const Observed& state, const Hook& hook) {
  const auto ruleset = state.rulesets.find(hook.value.ruleset);
  std::string text = ruleset == state.rulesets.end() ? "a missing ruleset" : "rules " + Digest(*ruleset->second);
  for (std::uint32_t i = 0; i < hook.value.n_sessions; ++i) {
    const pm_hook_session& session = hook.value.session[i];
    const auto target = state.targets.find(session.target);
    text += "; session " + Hex(session.key) + " vni " + std::to_string(session.vni) + " length " +
            std::to_string(session.packet_length) + " until " + std::to_string(session.expires_tai_ns) + " to " +
            (target == state.targets.end() ? "a missing target" : Hex(target->second->key));
  }
  return text;
}

}  // namespace

std::map<std::string, std::string> WhatPacketsMeet(const Observed& state) {
  std::map<std::string, std::string> meet;
  for (const auto& [ifindex, interface] : state.interfaces)
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS})
      if (interface.attachments[direction] != Attachment::kNone && interface.hooks[direction])
        meet[std::to_string(ifindex) + (direction == PM_INGRESS ? " ingress" : " egress")] =
            Hex(interface.entry->identity) + " " + HookText(state, *interface.hooks[direction]);
  for (const auto& [id, target] : state.targets) meet["target " + Hex(target->key)] = TargetText(state, *target);
  return meet;
}

std::multiset<std::string> WithoutIds(const Observed& state) {
  std::multiset<std::string> lines;
  for (const auto& [name, text] : WhatPacketsMeet(state)) lines.insert(name + ": " + text);
  for (const auto& [ifindex, interface] : state.interfaces) {
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS})
      lines.insert("interface " + std::to_string(ifindex) + " " + std::to_string(direction) + " attachment " +
                   std::to_string(static_cast<int>(interface.attachments[direction])) +
                   (interface.stale_pins[direction] ? " and a dead pin" : ""));
  }
  for (const auto& [ifindex, uplink] : state.uplinks)
    lines.insert("uplink " + std::to_string(ifindex) + " attachment " +
                 std::to_string(static_cast<int>(uplink.attachment)) + (uplink.stale_pin ? " and a dead pin" : ""));
  for (const auto& [id, endpoint] : state.endpoints) lines.insert("endpoint " + EndpointText(state, id));
  for (const auto& [id, ruleset] : state.rulesets) lines.insert("ruleset " + Digest(*ruleset));
  for (const auto& [id, budget] : state.budgets)
    lines.insert("budget of " + std::to_string(budget.ifindex) + ": " + std::to_string(budget.bytes_per_second));
  for (const auto& [socket, guard] : state.collectors) lines.insert(Describe(PutCollector{socket, guard}));
  for (const Socket& socket : state.services) lines.insert(Describe(PutService{socket}));
  for (const Neighbour& neighbour : state.neighbours) lines.insert(Describe(PutNeighbour{neighbour}));
  lines.insert("mask " + std::to_string(state.config.source_port_mask) + (state.base ? "" : " without a base"));
  return lines;
}

}  // namespace podmirror::test
