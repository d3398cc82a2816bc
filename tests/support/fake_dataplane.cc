#include "tests/support/fake_dataplane.h"

#include <algorithm>

#include "node-agent/plan/lower_abi.h"

namespace podmirror::test {

using namespace plan;

namespace {

std::string Text(std::uint64_t number) { return std::to_string(number); }

Socket CollectorOf(const Endpoint& endpoint) {
  return LowerSocket({RaiseV4(endpoint.value.daddr_be), endpoint.value.dport});
}

std::string Missing(std::string_view what, std::uint64_t id) { return "no " + std::string(what) + " " + Text(id); }

template <typename Map, typename Key>
std::string Erase(Map& map, const Key& key) {
  return map.erase(key) == 1 ? "" : "nothing to remove";
}

bool IsAttached(Attachment attachment) { return attachment != Attachment::kNone; }

}  // namespace

Result<Observed> FakeDataplane::Observe() { return state_; }

Result<void> FakeDataplane::Apply(const Op& op) {
  if (fail_after_ && (*fail_after_)-- == 0) {
    fail_after_.reset();
    return Fail("injected failure", Describe(op));
  }
  now_ = op;
  const bool needs_base = !std::holds_alternative<CreateBase>(op) && !std::holds_alternative<PutNeighbour>(op) &&
                          !std::holds_alternative<RemoveNeighbour>(op);
  const std::string refused =
      needs_base && !state_.base ? "no maps yet" : std::visit([this](const auto& o) { return Do(o); }, op);
  if (!refused.empty()) {
    // A plan whose held-back ops are held back never asks for what cannot be done.
    Break(refused);
    return Fail(refused, Describe(op));
  }
  ++writes_;
  CheckReferences();
  if (watcher_) watcher_(op, state_);
  return {};
}

void FakeDataplane::Vanish(std::uint32_t ifindex) {
  Interface& interface = state_.interfaces[ifindex];
  for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
    interface.stale_pins[direction] = IsAttached(interface.attachments[direction]);
    interface.attachments[direction] = Attachment::kNone;
  }
}

std::string FakeDataplane::Do(const CreateBase&) {
  if (state_.base) return "the base is there already";
  state_.base = true;
  state_.config.copy_ifindex = 1001;
  state_.config.segment_ifindex = 1003;
  return "";
}

std::string FakeDataplane::Do(const PutConfig& op) {
  state_.config.source_port_mask = op.source_port_mask;
  return "";
}

std::string FakeDataplane::Do(const PutBudget& op) {
  if (op.id == 0 || op.id >= PM_MAX_BUDGETS) return "budget ids are 1.." + Text(PM_MAX_BUDGETS - 1);
  state_.budgets[op.id] = op.budget;
  return "";
}
std::string FakeDataplane::Do(const RemoveBudget& op) { return Erase(state_.budgets, op.id); }

std::string FakeDataplane::Do(const PutEndpoint& op) {
  if (op.id >= PM_MAX_ENDPOINTS) return "endpoint id too large";
  if (state_.endpoints.contains(op.id)) Break("changes an endpoint in place");
  state_.endpoints[op.id] = op.endpoint;
  return "";
}
std::string FakeDataplane::Do(const RemoveEndpoint& op) { return Erase(state_.endpoints, op.id); }

std::string FakeDataplane::Do(const PutTarget& op) {
  if (op.id >= PM_MAX_TARGETS) return "target id too large";
  if (const auto old = state_.targets.find(op.id); old != state_.targets.end() && old->second->key != op.target->key)
    Break("gives a target's id to another one");
  std::set<std::uint16_t>& in_table = in_table_[op.target.get()];
  in_table.clear();
  std::uint16_t last = op.target->endpoint[0];
  in_table.insert(last);
  for (std::uint16_t id : op.target->endpoint)
    if (id != last) in_table.insert(last = id);
  state_.targets[op.id] = op.target;
  return "";
}
std::string FakeDataplane::Do(const RemoveTarget& op) { return Erase(state_.targets, op.id); }

std::string FakeDataplane::Do(const PutRuleset& op) {
  if (op.id >= PM_MAX_RULESETS) return "ruleset id too large";
  if (state_.rulesets.contains(op.id)) Break("changes a ruleset in place");
  state_.rulesets[op.id] = op.ruleset;
  return "";
}
std::string FakeDataplane::Do(const RemoveRuleset& op) { return Erase(state_.rulesets, op.id); }

std::string FakeDataplane::Do(const ResetSlot& op) {
  if (op.slot >= PM_MAX_SLOTS) return "slot too large";
  used_slots_.erase(op.slot);
  return "";
}
std::string FakeDataplane::Do(const ResetInterfaceCounters& op) {
  used_counters_.erase(op.index);
  return "";
}

std::string FakeDataplane::Do(const PutInterface& op) {
  if (op.entry.index >= PM_MAX_INTERFACES) return "interface index too large";
  if (const Interface* owner = ByIndex(op.entry.index); owner != nullptr) Break("gives away an index that is taken");
  if (used_counters_.contains(op.entry.index)) Break("the counters of the interface were not reset");
  if (state_.interfaces[op.ifindex].entry) Break("overwrites another owner's entry");
  state_.interfaces[op.ifindex].entry = op.entry;
  return "";
}
std::string FakeDataplane::Do(const RemoveInterface& op) {
  const auto found = state_.interfaces.find(op.ifindex);
  if (found == state_.interfaces.end() || !found->second.entry) return "nothing to remove";
  if (found->second.hooks[PM_INGRESS] || found->second.hooks[PM_EGRESS]) Break("leaves a hook that nobody can find");
  found->second.entry.reset();
  Forget(op.ifindex);
  return "";
}

std::string FakeDataplane::Do(const PutHook& op) {
  Interface* interface = ByIndex(op.index);
  if (interface == nullptr) return Missing("interface with index", op.index);
  if (!state_.rulesets.contains(op.hook.value.ruleset)) return Missing("ruleset", op.hook.value.ruleset);
  CheckCounters(op, interface->hooks[op.direction]);
  interface->hooks[op.direction] = op.hook;
  used_counters_.insert(op.index);
  return "";
}
std::string FakeDataplane::Do(const RemoveHook& op) {
  Interface* interface = ByIndex(op.index);
  if (interface == nullptr || !interface->hooks[op.direction]) return "nothing to remove";
  interface->hooks[op.direction].reset();
  return "";
}

std::string FakeDataplane::Do(const Attach& op) {
  Interface& interface = state_.interfaces[op.ifindex];
  interface.attachments[op.direction] =
      rivals_.contains({op.ifindex, op.direction}) ? Attachment::kNotFirst : Attachment::kCurrent;
  if (interface.stale_pins[op.direction]) Break("attaches over a dead link's pin");
  return "";
}
std::string FakeDataplane::Do(const Detach& op) {
  const auto found = state_.interfaces.find(op.ifindex);
  if (found == state_.interfaces.end()) return "nothing to detach";
  Interface& interface = found->second;
  if (!IsAttached(interface.attachments[op.direction]) && !interface.stale_pins[op.direction])
    return "nothing to detach";
  interface.attachments[op.direction] = Attachment::kNone;
  interface.stale_pins[op.direction] = false;
  Forget(op.ifindex);
  return "";
}

std::string FakeDataplane::Do(const AttachUplink& op) {
  state_.uplinks[op.ifindex] = {.attachment = Attachment::kCurrent, .stale_pin = false};
  return "";
}
std::string FakeDataplane::Do(const DetachUplink& op) { return Erase(state_.uplinks, op.ifindex); }

std::string FakeDataplane::Do(const PutCollector& op) {
  state_.collectors[op.socket] = op.guard;
  return state_.collectors.size() > PM_MAX_SOCKETS ? "the map is full" : "";
}
std::string FakeDataplane::Do(const RemoveCollector& op) { return Erase(state_.collectors, op.socket); }
std::string FakeDataplane::Do(const PutService& op) {
  state_.services.insert(op.socket);
  return state_.services.size() > PM_MAX_SOCKETS ? "the map is full" : "";
}
std::string FakeDataplane::Do(const RemoveService& op) { return Erase(state_.services, op.socket); }
std::string FakeDataplane::Do(const PutNeighbour& op) {
  state_.neighbours.insert(op.neighbour);
  return "";
}
std::string FakeDataplane::Do(const RemoveNeighbour& op) { return Erase(state_.neighbours, op.neighbour); }

Interface* FakeDataplane::ByIndex(std::uint32_t index) {
  for (auto& [ifindex, interface] : state_.interfaces)
    if (interface.entry && interface.entry->index == index) return &interface;
  return nullptr;
}

void FakeDataplane::Forget(std::uint32_t ifindex) {
  const Interface& interface = state_.interfaces.at(ifindex);
  for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS})
    if (IsAttached(interface.attachments[direction]) || interface.stale_pins[direction]) return;
  if (!interface.entry) state_.interfaces.erase(ifindex);
}

// A slot keeps its session and counts from zero for each new one.
void FakeDataplane::CheckCounters(const PutHook& op, const std::optional<Hook>& before) {
  for (std::uint32_t i = 0; i < op.hook.value.n_sessions; ++i) {
    const pm_hook_session& session = op.hook.value.session[i];
    bool kept = false;
    for (std::uint32_t j = 0; before && j < before->value.n_sessions; ++j) {
      const pm_hook_session& old = before->value.session[j];
      if (old.key == session.key && old.slot != session.slot) Break("moves a session to another slot");
      kept = kept || (old.key == session.key && old.slot == session.slot);
    }
    if (!kept && used_slots_.contains(session.slot))
      Break("the counters of slot " + Text(session.slot) + " were not reset");
    used_slots_.insert(session.slot);
  }
}

void FakeDataplane::CheckHook(std::uint32_t ifindex, const Hook& hook, std::set<std::uint32_t>& slots) {
  const std::string where = "hook of interface " + Text(ifindex) + " refers to a missing ";
  const auto ruleset = state_.rulesets.find(hook.value.ruleset);
  if (ruleset == state_.rulesets.end()) {
    Break(where + "ruleset " + Text(hook.value.ruleset));
  } else if (ruleset->second->n_sessions != hook.value.n_sessions) {
    Break("hook of interface " + Text(ifindex) + " and its ruleset know different sessions");
  }
  for (std::uint32_t i = 0; i < hook.value.n_sessions; ++i) {
    const pm_hook_session& session = hook.value.session[i];
    if (!state_.targets.contains(session.target)) Break(where + "target " + Text(session.target));
    if (!slots.insert(session.slot).second) Break("slot " + Text(session.slot) + " has two owners");
  }
}

void FakeDataplane::CheckReferences() {
  std::set<std::uint32_t> slots;
  for (const auto& [ifindex, interface] : state_.interfaces) {
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
      if (interface.hooks[direction]) CheckHook(ifindex, *interface.hooks[direction], slots);
      if (IsAttached(interface.attachments[direction]) && (!interface.entry || !interface.hooks[direction]))
        Break("interface " + Text(ifindex) + " is attached and has no hook");
    }
  }
  for (const auto& [id, target] : state_.targets)
    for (std::uint16_t endpoint : in_table_[target.get()])
      if (endpoint != PM_NO_ENDPOINT && !state_.endpoints.contains(endpoint))
        Break("target " + Text(id) + " refers to a missing endpoint " + Text(endpoint));
  for (const auto& [id, endpoint] : state_.endpoints) {
    const std::uint32_t budget = endpoint.value.budget;
    if (budget != 0 && !state_.budgets.contains(budget)) Break("endpoint " + Text(id) + " refers to a missing budget");
    if (budget != 0 && state_.budgets.contains(budget) && state_.budgets.at(budget).ifindex != endpoint.value.ifindex)
      Break("endpoint " + Text(id) + " pays from another device's budget");
    const auto uplink = state_.uplinks.find(endpoint.value.ifindex);
    if (endpoint.value.flags & PM_ENDPOINT_DIRECT &&
        (uplink == state_.uplinks.end() || !IsAttached(uplink->second.attachment)))
      Break("endpoint " + Text(id) + " hands clones to a device where nobody takes them");
    if (!state_.collectors.contains(CollectorOf(endpoint))) Break("endpoint " + Text(id) + " is not guarded");
  }
}

}  // namespace podmirror::test
