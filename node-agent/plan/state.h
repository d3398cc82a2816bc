// The kernel as the agent sees it: what is there (observed) and what shall be there (wanted) in one vocabulary.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/ip.h"
#include "node-agent/bpf/abi.h"

namespace podmirror::plan {

// Values of the ABI, compared and ordered by their bytes. Build them from zeroed memory.
template <typename T>
struct Bytes {
  T value{};

  bool operator==(const Bytes& other) const { return __builtin_memcmp(&value, &other.value, sizeof(T)) == 0; }
  bool operator<(const Bytes& other) const { return __builtin_memcmp(&value, &other.value, sizeof(T)) < 0; }
};

using Endpoint = Bytes<pm_endpoint>;
using Hook = Bytes<pm_hook>;
using Socket = Bytes<pm_socket>;
// Large ones are shared, never copied.
using Ruleset = std::shared_ptr<const pm_ruleset>;
using Target = std::shared_ptr<const pm_target>;

enum class Attachment : std::uint8_t {
  kNone,      // nothing of ours, or a dead link's pin (`stale_pin`)
  kCurrent,   // this version's program, first in line
  kNotFirst,  // this version's program behind somebody else's
  kOther,     // a program of ours of another version
};

struct Interface {
  std::optional<pm_interface> entry;         // in pm_interfaces
  std::array<std::optional<Hook>, 2> hooks;  // by pm_direction
  std::array<Attachment, 2> attachments{};   // by pm_direction
  std::array<bool, 2> stale_pins{};          // a pin is there, its link is dead
};

// A device to which the hooks hand their clones directly: pm_uplink at its tc egress.
struct Uplink {
  Attachment attachment = Attachment::kNone;
  bool stale_pin = false;

  bool operator==(const Uplink&) const = default;
};

// A managed neighbour entry that we wrote (NDA_PROTOCOL ours).
struct Neighbour {
  std::uint32_t ifindex = 0;
  IpAddress address;

  auto operator<=>(const Neighbour&) const = default;
};

struct Budget {
  std::uint32_t ifindex = 0;
  std::uint64_t bytes_per_second = 0;
  std::uint64_t depth = 0;

  auto operator<=>(const Budget&) const = default;
};

// What Observe() found. `base`: maps, programs, both veth pairs and the two inner attachments are all there, whole
// and of this version; if not, CreateBase makes what is missing and everything else is as found.
struct Observed {
  bool base = false;
  pm_config config{};
  std::map<std::uint32_t, Endpoint> endpoints;  // by id
  std::map<std::uint32_t, Target> targets;
  std::map<std::uint32_t, Ruleset> rulesets;
  std::map<std::uint32_t, Interface> interfaces;  // by ifindex
  std::map<std::uint32_t, Uplink> uplinks;        // by ifindex
  std::map<std::uint32_t, Budget> budgets;        // by id, from 1
  std::map<Socket, std::uint8_t> collectors;      // pm_guard
  std::set<Socket> services;
  std::set<Neighbour> neighbours;
};

}  // namespace podmirror::plan
