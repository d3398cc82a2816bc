#include "node-agent/dataplane/observe.h"

#include <memory>

#include "node-agent/dataplane/attach.h"
#include "node-agent/dataplane/base.h"
#include "node-agent/dataplane/maps.h"
#include "node-agent/dataplane/neighbours.h"
#include "node-agent/dataplane/programs.h"

namespace podmirror::dataplane {
namespace {

template <typename Value>
Result<void> TakeShared(const Pins& pins, const InnerKind& kind,
                        std::map<std::uint32_t, std::shared_ptr<const Value>>& found) {
  for (const std::string& name : List(pins.Folder(kind.folder))) {
    const auto id = ParseNumber(name.ends_with(kNew) ? name.substr(0, name.size() - kNew.size()) : name);
    if (!id || found.contains(*id)) continue;
    auto value = std::make_shared<Value>();
    auto read = ReadInner(pins, kind, *id, std::to_string(*id), value.get());
    if (!read) return std::unexpected(read.error());
    if (*read) found.emplace(*id, std::move(value));
  }
  return {};
}

Result<void> TakeEndpoints(const Pins& pins, plan::Observed& observed) {
  auto endpoints = ReadArray<pm_endpoint>(pins, "pm_endpoints", PM_MAX_ENDPOINTS);
  if (!endpoints) return std::unexpected(endpoints.error());
  for (std::uint32_t id = 0; id < endpoints->size(); ++id) {
    if ((*endpoints)[id].ifindex != 0) observed.endpoints[id] = {(*endpoints)[id]};
  }
  return {};
}

Result<void> TakeBudgets(const Pins& pins, plan::Observed& observed) {
  auto budgets = ReadArray<pm_budget>(pins, "pm_budgets", PM_MAX_BUDGETS);
  if (!budgets) return std::unexpected(budgets.error());
  for (std::uint32_t id = 1; id < budgets->size(); ++id) {
    const pm_budget& budget = (*budgets)[id];
    if (budget.ifindex == 0) continue;
    observed.budgets[id] = {
        .ifindex = budget.ifindex, .bytes_per_second = budget.bytes_per_second, .depth = budget.depth};
  }
  return {};
}

Result<void> TakeCollectors(const Pins& pins, plan::Observed& observed) {
  return ForEachElement<pm_socket, std::uint8_t>(
      pins, "pm_collectors",
      [&observed](const pm_socket& key, const std::uint8_t& guard) { observed.collectors[{key}] = guard; });
}

Result<void> TakeServices(const Pins& pins, plan::Observed& observed) {
  return ForEachElement<pm_socket, std::uint8_t>(
      pins, "pm_services", [&observed](const pm_socket& key, const std::uint8_t&) { observed.services.insert({key}); });
}

std::uint32_t IdOf(const Pins& pins, const char* program) {
  auto fd = OpenProgram(pins, program);
  std::uint32_t id = 0;
  return fd && ProgramId(*fd, id) == 0 ? id : 0;
}

Result<void> TakeInterfaces(const Pins& pins, plan::Observed& observed) {
  auto read = ForEachElement<std::uint32_t, pm_interface>(
      pins, "pm_interfaces", [&observed](const std::uint32_t& ifindex, const pm_interface& entry) {
        observed.interfaces[ifindex].entry = entry;
      });
  if (!read) return read;
  for (const std::string& name : List(pins.Folder("links"))) {
    if (auto link = ParseHookName(name)) observed.interfaces[link->first];
  }
  for (auto& [ifindex, interface] : observed.interfaces) {
    for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
      const auto state = ObserveAttachment(pins.Link(ifindex, direction), ifindex, HookOf(direction),
                                           IdOf(pins, ProgramOf(direction)));
      interface.attachments[direction] = state.attachment;
      interface.stale_pins[direction] = state.stale_pin;
      if (!interface.entry) continue;
      const std::uint32_t index = interface.entry->index;
      plan::Hook hook;
      auto found = ReadInner(pins, kHooks, index * 2 + direction, HookName(index, direction), &hook.value);
      if (!found) return std::unexpected(found.error());
      if (*found) interface.hooks[direction] = hook;
    }
  }
  return {};
}

void TakeUplinks(const Pins& pins, plan::Observed& observed) {
  for (const std::string& name : List(pins.Folder("links"))) {
    const auto ifindex = ParseUplinkName(name);
    if (!ifindex) continue;
    const auto state =
        ObserveAttachment(pins.UplinkLink(*ifindex), *ifindex, Hook::kTcxEgress, IdOf(pins, kUplinkProgram));
    observed.uplinks[*ifindex] = {.attachment = state.attachment, .stale_pin = state.stale_pin};
  }
}

// Every map is there. One that is missing is CreateBase's to make, and then nothing in it can be observed.
bool HaveMaps(const Pins& pins) {
  for (const char* name : kMaps) {
    if (!OpenPin(pins.Map(name), true)) return false;
  }
  return true;
}

Result<void> TakeMaps(const Pins& pins, plan::Observed& observed) {
  const std::uint32_t zero = 0;
  if (auto read = ReadElement(pins, "pm_config", &zero, &observed.config); !read) return read;
  TakeUplinks(pins, observed);
  if (auto read = TakeEndpoints(pins, observed); !read) return read;
  if (auto read = TakeBudgets(pins, observed); !read) return read;
  if (auto read = TakeCollectors(pins, observed); !read) return read;
  if (auto read = TakeServices(pins, observed); !read) return read;
  if (auto read = TakeShared<pm_target>(pins, kTargets, observed.targets); !read) return read;
  if (auto read = TakeShared<pm_ruleset>(pins, kRulesets, observed.rulesets); !read) return read;
  return TakeInterfaces(pins, observed);
}

}  // namespace

Result<plan::Observed> ObserveAll(const Pins& pins) {
  plan::Observed observed;
  auto neighbours = ObserveNeighbours();
  if (!neighbours) return std::unexpected(neighbours.error());
  observed.neighbours = std::move(*neighbours);
  if (!HaveMaps(pins)) return observed;
  auto base = IsBaseWhole(pins);
  if (!base) return std::unexpected(base.error());
  observed.base = *base;
  if (auto taken = TakeMaps(pins, observed); !taken) return std::unexpected(taken.error());
  return observed;
}

}  // namespace podmirror::dataplane
