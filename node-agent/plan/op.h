// The smallest changes of the kernel that make sense alone. Plan() orders them: referents before references,
// removals after. An op whose referent is missing fails and hurts no other; Planned::needs (plan.h) says what to hold
// back after a failure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "node-agent/plan/state.h"

namespace podmirror::plan {

struct CreateBase {};  // pin directory, maps, programs, veth pairs, inner attachments: whatever is missing or old
struct PutConfig {
  std::uint32_t source_port_mask;
};
struct PutBudget {
  std::uint32_t id;
  Budget budget;
};
struct RemoveBudget {
  std::uint32_t id;
};
struct PutEndpoint {
  std::uint32_t id;
  Endpoint endpoint;
};
struct RemoveEndpoint {
  std::uint32_t id;
};
struct PutTarget {
  std::uint32_t id;
  Target target;
};
struct RemoveTarget {
  std::uint32_t id;
};
struct PutRuleset {
  std::uint32_t id;
  Ruleset ruleset;
};
struct RemoveRuleset {
  std::uint32_t id;
};
// Zeroes pm_session_counters before a new owner.
struct ResetSlot {
  std::uint32_t slot;
};
// Both directions, before a new owner.
struct ResetInterfaceCounters {
  std::uint32_t index;
};
struct PutInterface {
  std::uint32_t ifindex;
  pm_interface entry;
};
// The entry in pm_interfaces.
struct RemoveInterface {
  std::uint32_t ifindex;
};
struct PutHook {
  std::uint32_t index;
  pm_direction direction;
  Hook hook;
};
struct RemoveHook {
  std::uint32_t index;
  pm_direction direction;
};
// At the head; replaces an own older or later one.
struct Attach {
  std::uint32_t ifindex;
  pm_direction direction;
};
// Link and pin; a dead link's pin as well.
struct Detach {
  std::uint32_t ifindex;
  pm_direction direction;
};
// pm_uplink at the head of an egress device's tc egress; replaces an own older one.
struct AttachUplink {
  std::uint32_t ifindex;
};
struct DetachUplink {
  std::uint32_t ifindex;
};
struct PutCollector {
  Socket socket;
  std::uint8_t guard;  // pm_guard
};
struct RemoveCollector {
  Socket socket;
};
struct PutService {
  Socket socket;
};
struct RemoveService {
  Socket socket;
};
// Managed; an entry that somebody else made is left alone.
struct PutNeighbour {
  Neighbour neighbour;
};
// Only ours.
struct RemoveNeighbour {
  Neighbour neighbour;
};

using Op = std::variant<CreateBase, PutConfig, PutBudget, RemoveBudget, PutEndpoint, RemoveEndpoint, PutTarget,
                        RemoveTarget, PutRuleset, RemoveRuleset, ResetSlot, ResetInterfaceCounters, PutInterface,
                        RemoveInterface, PutHook, RemoveHook, Attach, Detach, AttachUplink, DetachUplink, PutCollector,
                        RemoveCollector, PutService, RemoveService, PutNeighbour, RemoveNeighbour>;

// "PutHook 3 egress", for logs and messages.
std::string Describe(const Op& op);

}  // namespace podmirror::plan
