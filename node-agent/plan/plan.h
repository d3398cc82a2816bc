// Plan: (desired, observed, pod links, next hops) -> ordered ops. Pure. Equal states: no op.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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

struct Settings {
  NodeBudget budget;
  int source_port_bits = 8;  // 0..14
  std::int64_t tai_minus_utc_ns = 0;  // CLOCK_TAI - CLOCK_REALTIME
};

struct Planned {
  std::vector<Op> ops;
  // The report if every op succeeds.
  NodeReport report;
  // Which sources an op serves, by the op's position: if it fails, they say so.
  std::map<std::size_t, std::set<ObjectKey>> sources_of_op;
};

// The collector addresses whose next hops Plan() will ask for.
std::set<IpAddress> AddressesToFollow(const DesiredState& desired);

Planned Plan(const DesiredState& desired, const Observed& observed, const pods::PodLinks& links,
             const routes::NextHops& next_hops, const Settings& settings);

// The key of a session in pm_hook_session, of a target in pm_target, and an interface's identity.
std::uint64_t SessionKey(const DesiredSession& session);
std::uint64_t TargetKey(const ObjectKey& target);
std::uint64_t InterfaceIdentity(const pods::PodLink& link);

}  // namespace podmirror::plan
