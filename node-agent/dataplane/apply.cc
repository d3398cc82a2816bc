#include "node-agent/dataplane/apply.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <set>

#include "node-agent/dataplane/attach.h"
#include "node-agent/dataplane/base.h"
#include "node-agent/dataplane/maps.h"
#include "node-agent/dataplane/neighbours.h"
#include "node-agent/dataplane/programs.h"

namespace podmirror::dataplane {
namespace {

template <typename Value>
bool IsZero(const Value& value) {
  static const Value zero{};
  return std::memcmp(&value, &zero, sizeof(value)) == 0;
}

std::unexpected<Error> Missing(const std::string& what, std::uint32_t id) {
  return Fail("refers to " + what + " " + std::to_string(id) + ", which is not there");
}

Result<void> InBounds(std::uint32_t id, std::uint32_t limit, const std::string& what) {
  if (id < limit) return {};
  return Fail("there is no " + what + " " + std::to_string(id) + ": the last is " + std::to_string(limit - 1));
}

bool HasElement(const Pins& pins, const char* map, std::uint32_t key) {
  const Fd fd = OpenPin(pins.Map(map), true);
  std::uint32_t id = 0;
  return fd && bpf_map_lookup_elem(fd.get(), &key, &id) == 0;
}

bool HasSlot(const Pins& pins, std::uint32_t slot) {
  const Fd fd = OpenPin(pins.Map("pm_session_counters"), true);
  std::vector<pm_session_counters> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  return fd && bpf_map_lookup_elem(fd.get(), &slot, per_cpu.data()) == 0;
}

// One value for each possible CPU, all zero.
template <typename Value>
Result<void> ZeroPerCpu(const Pins& pins, const char* map, std::uint32_t key) {
  const std::vector<Value> zeros(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  return WriteElement(pins, map, &key, zeros.data());
}

struct Apply {
  const Pins& pins;

  Result<void> operator()(const plan::CreateBase&) const { return CreateBase(pins); }
  Result<void> operator()(const plan::PutConfig& op) const { return PutConfig(pins, op.source_port_mask); }

  Result<void> operator()(const plan::PutBudget& op) const {
    pm_budget budget{};
    budget.ifindex = op.budget.ifindex;
    budget.bytes_per_second = op.budget.bytes_per_second;
    budget.depth = op.budget.depth;
    return WriteElement(pins, "pm_budgets", &op.id, &budget);
  }
  Result<void> operator()(const plan::RemoveBudget& op) const {
    const pm_budget none{};
    return WriteElement(pins, "pm_budgets", &op.id, &none);
  }

  Result<void> operator()(const plan::PutEndpoint& op) const {
    pm_budget budget{};
    const std::uint32_t id = op.endpoint.value.budget;
    if (id != 0) {
      if (auto read = ReadElement(pins, "pm_budgets", &id, &budget); !read) return read;
      if (budget.ifindex == 0) return Missing("budget", id);
    }
    return WriteElement(pins, "pm_endpoints", &op.id, &op.endpoint.value);
  }
  Result<void> operator()(const plan::RemoveEndpoint& op) const {
    const pm_endpoint none{};
    return WriteElement(pins, "pm_endpoints", &op.id, &none);
  }

  Result<void> operator()(const plan::PutTarget& op) const {
    const std::set<std::uint32_t> used(std::begin(op.target->endpoint), std::end(op.target->endpoint));
    for (std::uint32_t id : used) {
      if (id == PM_NO_ENDPOINT) continue;
      pm_endpoint endpoint{};
      if (auto read = ReadElement(pins, "pm_endpoints", &id, &endpoint); !read) return read;
      if (endpoint.ifindex == 0) return Missing("endpoint", id);
    }
    return PutInner(pins, kTargets, op.id, std::to_string(op.id), op.target.get());
  }
  Result<void> operator()(const plan::RemoveTarget& op) const {
    return RemoveInner(pins, kTargets, op.id, std::to_string(op.id));
  }

  Result<void> operator()(const plan::PutRuleset& op) const {
    return PutInner(pins, kRulesets, op.id, std::to_string(op.id), op.ruleset.get());
  }
  Result<void> operator()(const plan::RemoveRuleset& op) const {
    return RemoveInner(pins, kRulesets, op.id, std::to_string(op.id));
  }

  // The generation first: a segment of the last owner that is still on its way must not be counted for the next one.
  Result<void> operator()(const plan::ResetSlot& op) const {
    std::uint32_t generation = 0;
    if (auto read = ReadElement(pins, "pm_slot_generations", &op.slot, &generation); !read) return read;
    ++generation;
    if (auto written = WriteElement(pins, "pm_slot_generations", &op.slot, &generation); !written) return written;
    return ZeroPerCpu<pm_session_counters>(pins, "pm_session_counters", op.slot);
  }
  Result<void> operator()(const plan::ResetInterfaceCounters& op) const {
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
      auto written = ZeroPerCpu<pm_interface_counters>(pins, "pm_interface_counters", op.index * 2 + direction);
      if (!written) return written;
    }
    return {};
  }

  // An interface that is new here must not find hooks of whoever had its index before.
  Result<void> operator()(const plan::PutInterface& op) const {
    if (auto fits = InBounds(op.entry.index, PM_MAX_INTERFACES, "interface index"); !fits) return fits;
    pm_interface before{};
    const bool known = ReadElement(pins, "pm_interfaces", &op.ifindex, &before).has_value();
    if (!known || before.index != op.entry.index) {
      for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
        if (auto removed = (*this)(plan::RemoveHook{op.entry.index, direction}); !removed) return removed;
      }
    }
    return WriteElement(pins, "pm_interfaces", &op.ifindex, &op.entry);
  }
  Result<void> operator()(const plan::RemoveInterface& op) const {
    return DeleteElement(pins, "pm_interfaces", &op.ifindex);
  }

  Result<void> operator()(const plan::PutHook& op) const {
    const pm_hook& hook = op.hook.value;
    if (auto fits = InBounds(op.index, PM_MAX_INTERFACES, "interface index"); !fits) return fits;
    if (auto fits = InBounds(hook.n_sessions, PM_MAX_SESSIONS + 1, "session"); !fits) return fits;
    if (!HasElement(pins, kRulesets.outer, hook.ruleset)) return Missing("ruleset", hook.ruleset);
    for (std::uint32_t i = 0; i < hook.n_sessions; ++i) {
      if (!HasElement(pins, kTargets.outer, hook.session[i].target)) return Missing("target", hook.session[i].target);
      if (!HasSlot(pins, hook.session[i].slot)) return Missing("slot", hook.session[i].slot);
    }
    return PutInner(pins, kHooks, op.index * 2 + op.direction, HookName(op.index, op.direction), &hook);
  }
  Result<void> operator()(const plan::RemoveHook& op) const {
    return RemoveInner(pins, kHooks, op.index * 2 + op.direction, HookName(op.index, op.direction));
  }

  Result<void> operator()(const plan::Attach& op) const {
    auto program = OpenProgram(pins, ProgramOf(op.direction));
    if (!program) return std::unexpected(program.error());
    return EnsureAttached(pins.Link(op.ifindex, op.direction), op.ifindex, HookOf(op.direction), *program);
  }
  Result<void> operator()(const plan::Detach& op) const { return DetachPin(pins.Link(op.ifindex, op.direction)); }

  Result<void> operator()(const plan::AttachUplink& op) const {
    auto program = OpenProgram(pins, kUplinkProgram);
    if (!program) return std::unexpected(program.error());
    return EnsureAttached(pins.UplinkLink(op.ifindex), op.ifindex, Hook::kTcxEgress, *program);
  }
  Result<void> operator()(const plan::DetachUplink& op) const { return DetachPin(pins.UplinkLink(op.ifindex)); }

  Result<void> operator()(const plan::PutCollector& op) const {
    return WriteElement(pins, "pm_collectors", &op.socket.value, &op.guard);
  }
  Result<void> operator()(const plan::RemoveCollector& op) const {
    return DeleteElement(pins, "pm_collectors", &op.socket.value);
  }
  Result<void> operator()(const plan::PutService& op) const {
    const std::uint8_t present = 1;
    return WriteElement(pins, "pm_services", &op.socket.value, &present);
  }
  Result<void> operator()(const plan::RemoveService& op) const {
    return DeleteElement(pins, "pm_services", &op.socket.value);
  }

  Result<void> operator()(const plan::PutNeighbour& op) const { return PutNeighbour(op.neighbour); }
  Result<void> operator()(const plan::RemoveNeighbour& op) const { return RemoveNeighbour(op.neighbour); }
};

}  // namespace

Result<void> ApplyOp(const Pins& pins, const plan::Op& op) {
  auto done = std::visit(Apply{pins}, op);
  if (!done && done.error().where.empty()) done.error().where = plan::Describe(op);
  return done;
}

}  // namespace podmirror::dataplane
