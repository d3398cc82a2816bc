// Reading the counters: per-CPU values, summed.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/maps.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {
namespace {

// Counters are nothing but words.
template <typename Value>
void Add(Value& total, const Value& value) {
  constexpr std::size_t kWords = sizeof(Value) / sizeof(std::uint64_t);
  std::uint64_t sum[kWords];
  std::uint64_t more[kWords];
  std::memcpy(sum, &total, sizeof(total));
  std::memcpy(more, &value, sizeof(value));
  for (std::size_t i = 0; i < kWords; ++i) sum[i] += more[i];
  std::memcpy(&total, sum, sizeof(total));
}

// What there is to read: hooks of interfaces that have an entry, slots that have an element. A node uses a few hundred
// of the thousands that there is room for, and each costs a system call and a value for every CPU.
Result<std::vector<std::uint32_t>> UsedHooks(const Pins& pins) {
  std::vector<std::uint32_t> hooks;
  auto read = ForEachElement<std::uint32_t, pm_interface>(
      pins, "pm_interfaces", [&hooks](const std::uint32_t&, const pm_interface& interface) {
        for (const std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) hooks.push_back(interface.index * 2 + direction);
      });
  if (!read) return std::unexpected(read.error());
  return hooks;
}

std::vector<std::uint32_t> UsedSlots(const Fd& map) {
  std::vector<std::uint32_t> slots;
  std::uint32_t slot = 0;
  const std::uint32_t* previous = nullptr;
  // A slot that is given up meanwhile makes the walk begin again: it ends at the map's size at the latest.
  while (slots.size() < PM_MAX_SLOTS && bpf_map_get_next_key(map.get(), previous, &slot) == 0) {
    slots.push_back(slot);
    previous = &slot;
  }
  return slots;
}

Result<Fd> Open(const Pins& pins, const char* name) {
  Fd map = OpenPin(pins.Map(name), true);
  if (!map) return FailErrno("counters cannot be read", pins.Map(name), errno, "is the agent running on this host?");
  return map;
}

// All but the elements named stay 0.
template <typename Value>
Result<std::vector<Value>> Sum(const Fd& map, const std::string& where, const std::vector<std::uint32_t>& keys,
                               std::uint32_t size) {
  std::vector<Value> totals(size);
  std::vector<Value> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (const std::uint32_t key : keys) {
    if (key >= size) continue;
    if (bpf_map_lookup_elem(map.get(), &key, per_cpu.data()) < 0) {
      if (errno == ENOENT) continue;
      return FailErrno("counters cannot be read", where);
    }
    totals[key] = {};
    for (const Value& value : per_cpu) Add(totals[key], value);
  }
  return totals;
}

}  // namespace

Result<Counters> ReadCounters(const std::string& bpffs) {
  const Pins pins(bpffs);
  const auto hook_map = Open(pins, "pm_interface_counters");
  if (!hook_map) return std::unexpected(hook_map.error());
  const auto slot_map = Open(pins, "pm_session_counters");
  if (!slot_map) return std::unexpected(slot_map.error());
  const auto used_hooks = UsedHooks(pins);
  if (!used_hooks) return std::unexpected(used_hooks.error());

  auto hooks = Sum<pm_interface_counters>(*hook_map, pins.Map("pm_interface_counters"), *used_hooks, PM_MAX_HOOKS);
  if (!hooks) return std::unexpected(hooks.error());
  auto slots = Sum<pm_session_counters>(*slot_map, pins.Map("pm_session_counters"), UsedSlots(*slot_map), PM_MAX_SLOTS);
  if (!slots) return std::unexpected(slots.error());
  return Counters{std::move(*hooks), std::move(*slots)};
}

}  // namespace podmirror::dataplane
