// Reading the counters: per-CPU values, summed.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/dataplane/kernel.h"
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

// Elements that are not there stay 0.
template <typename Value>
Result<std::vector<Value>> Sum(const Pins& pins, const char* name, std::uint32_t size) {
  const Fd map = OpenPin(pins.Map(name), true);
  if (!map) return FailErrno("counters cannot be read", pins.Map(name), errno, "is the agent running on this host?");
  std::vector<Value> totals(size);
  std::vector<Value> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (std::uint32_t key = 0; key < size; ++key) {
    if (bpf_map_lookup_elem(map.get(), &key, per_cpu.data()) < 0) {
      if (errno == ENOENT) continue;
      return FailErrno("counters cannot be read", pins.Map(name));
    }
    for (const Value& value : per_cpu) Add(totals[key], value);
  }
  return totals;
}

}  // namespace

Result<Counters> ReadCounters(const std::string& bpffs) {
  const Pins pins(bpffs);
  auto hooks = Sum<pm_interface_counters>(pins, "pm_interface_counters", PM_MAX_HOOKS);
  if (!hooks) return std::unexpected(hooks.error());
  auto slots = Sum<pm_session_counters>(pins, "pm_session_counters", PM_MAX_SLOTS);
  if (!slots) return std::unexpected(slots.error());
  return Counters{std::move(*hooks), std::move(*slots)};
}

}  // namespace podmirror::dataplane
