// The only room that makes BPF and netlink changes. No policy: it does what an op says.
//
// Everything is pinned under <bpffs>/podmirror/v<PM_ABI_VERSION>/, so that a process without memory finds it again:
//   maps/<name>  programs/<name>-<hash of the object>  links/<ifindex>-<ingress|egress>
//   links/{encap,segment,uplink-<ifindex>} rulesets/<id>  targets/<id>  hooks/<index>-<ingress|egress>   (inner maps:
//   opening them by id needs CAP_SYS_ADMIN) report
// A pin named like one of these with "-new" behind it was left by a crash; it is believed where the outer map holds it.
// The veth pairs are pm-copy0/pm-copy1 (mirror) and pm-seg0/pm-seg1 (segmenter), in the process's network namespace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/result.h"
#include "node-agent/bpf/abi.h"
#include "node-agent/plan/op.h"
#include "node-agent/plan/state.h"

namespace podmirror::dataplane {

class Dataplane {
 public:
  virtual ~Dataplane() = default;
  virtual Result<plan::Observed> Observe() = 0;
  virtual Result<void> Apply(const plan::Op& op) = 0;
};

inline constexpr std::string_view kDefaultBpffs = "/sys/fs/bpf";

// Checks privilege, bpffs (a real mount), tcx and that the kernel is not PREEMPT_RT; changes nothing. The error says
// what to do.
Result<std::unique_ptr<Dataplane>> OpenKernel(const std::string& bpffs = std::string(kDefaultBpffs));

// Summed over CPUs. Index: interface index * 2 + direction, and slot.
struct Counters {
  std::vector<pm_interface_counters> hooks;
  std::vector<pm_session_counters> slots;
};

// Read-only access for `status`: works without a running agent, and without any right but reading the pins.
Result<plan::Observed> ObservePinned(const std::string& bpffs);
Result<Counters> ReadCounters(const std::string& bpffs);

// A blob beside the counters: the last published report. Replaced in one rename.
Result<void> WriteReport(const std::string& bpffs, std::string_view text);
Result<std::string> ReadReport(const std::string& bpffs);

// Removes links, programs, maps, pins, both veth pairs and our neighbour entries, and nothing else. Works after a
// crash at any point; with nothing there it does nothing. The strings say what was removed.
Result<std::vector<std::string>> Cleanup(const std::string& bpffs);

}  // namespace podmirror::dataplane
