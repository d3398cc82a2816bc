// The law of the counters: what must hold between them once they have come to rest. Pure.
//
// The counters are per CPU and are read while packets run, so one reading proves nothing. Take two readings at least
// kRest apart: what is equal in both had come to rest, and only there a violation counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/bpf/abi.h"

namespace podmirror::stats {

inline constexpr std::chrono::milliseconds kRest{100};

// As `podmirror status` exports them.
std::string_view NameOf(pm_interface_term term);
std::string_view NameOf(pm_session_term term);
std::string_view NameOf(pm_segment_term term);

struct SessionCount {
  std::string name;      // for people
  bool chained = false;  // see pm_hook_session
  pm_session_counters counters{};

  bool operator==(const SessionCount& other) const;
};

// One direction of one interface.
struct HookCount {
  std::string name;       // for people: "veth1 ingress"
  bool complete = false;  // see pm_hook
  pm_interface_counters counters{};
  std::vector<SessionCount> sessions;  // in the order of evaluation
  pm_direction direction = PM_INGRESS;

  bool operator==(const HookCount& other) const;
};

// The violations in counters that are known to be at rest, one sentence each.
std::vector<std::string> CheckLaw(const std::vector<HookCount>& hooks);

// The violations in what the two readings have in common. Hooks are told apart by their names.
std::vector<std::string> CheckLaw(const std::vector<HookCount>& first, const std::vector<HookCount>& second);

// Sums, as `status` shows them over interfaces.
void Add(pm_interface_counters& sum, const pm_interface_counters& more);
void Add(pm_session_counters& sum, const pm_session_counters& more);

// sent + segmented: what users call mirrored. Frames, as the hook saw them.
std::uint64_t Mirrored(const pm_session_counters& counters);
// Frames that left for the wire: what captures at the collectors count where no queue dropped.
std::uint64_t WireSent(const pm_session_counters& counters);
// Segments that were handed to the segmenter and did not come out of it.
std::uint64_t BacklogDrop(const pm_session_counters& counters);

}  // namespace podmirror::stats
