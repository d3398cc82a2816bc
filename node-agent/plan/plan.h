// Plan: (desired, observed, pod links, next hops) -> ordered ops. Pure. Equal states: no op.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "contract/node_report.h"
#include "node-agent/plan/op.h"
#include "node-agent/plan/state.h"
#include "node-agent/pods/pods.h"
#include "node-agent/routes/routes.h"

namespace podmirror::plan {

// --node-budget: a share of each egress device's speed, a rate, or off.
struct NodeBudget {
  enum class Kind : std::uint8_t { kPercent, kRate, kOff };
  Kind kind = Kind::kPercent;
  std::uint64_t value = 10;  // percent, or bits per second

  bool operator==(const NodeBudget&) const = default;
};

// One direction of one interface.
struct AttachPoint {
  std::uint32_t ifindex = 0;
  pm_direction direction = PM_INGRESS;

  auto operator<=>(const AttachPoint&) const = default;
};

struct Settings {
  NodeBudget budget;
  int source_port_bits = 8;           // 0..14
  std::int64_t tai_minus_utc_ns = 0;  // CLOCK_TAI - CLOCK_REALTIME; rounded to whole seconds here
  // Where an Attach has been done because somebody else had come first. Whoever applies ops puts the point of every
  // Attach of an observed kNotFirst here and keeps it until the next resync. A point that is here and still kNotFirst
  // gets no further Attach (two programs that both want to be first would fight for ever): its source says NotFirst.
  std::set<AttachPoint> attached_again;
  // Egress devices that get their copies through the mirror pair. Whoever applies ops puts here for good where an
  // AttachUplink failed, and where a DetachUplink took away an observed kNotFirst.
  std::set<std::uint32_t> pair_only;
};

struct Planned {
  std::vector<Op> ops;
  // The report if every op succeeds.
  NodeReport report;
  // Which sources an op serves, by the op's position: if it fails, they say so.
  std::map<std::size_t, std::set<ObjectKey>> sources_of_op;
  // Which earlier ops an op relies on, by positions. If one of them failed or was itself held back, this op must be
  // held back too: a put whose referent is missing, or a removal of what is still referred to. All others go on.
  std::map<std::size_t, std::set<std::size_t>> needs;
};

// Must `op` be held back, given the ops that failed or were held back so far?
bool HeldBack(const Planned& planned, std::size_t op, const std::set<std::size_t>& not_done);

// The collector addresses whose next hops Plan() will ask for.
std::set<IpAddress> AddressesToFollow(const DesiredState& desired);

Planned Plan(const DesiredState& desired, const Observed& observed, const pods::PodLinks& links,
             const routes::NextHops& next_hops, const Settings& settings);

// The key of a session in pm_hook_session, of a target in pm_target, and an interface's identity.
std::uint64_t SessionKey(const DesiredSession& session);
std::uint64_t TargetKey(const ObjectKey& target);
std::uint64_t InterfaceIdentity(const pods::PodLink& link);

}  // namespace podmirror::plan
