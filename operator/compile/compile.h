// Compile: snapshot -> { node -> DesiredState, verdict per object }. The reason the project exists.
// Pure: no I/O, clock, log, randomness, nor its own previous output. Same input, byte-equal output.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "contract/desired_state.h"
#include "contract/ip.h"
#include "contract/names.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

// What the administrator set. The defaults are the operator's.
struct Settings {
  std::vector<Cidr> allowed_target_cidrs;  // address targets must lie in one of these
  ObjectKey dns_service{"kube-system", "kube-dns"};
  std::vector<IpAddress> node_local_dns = DefaultNodeLocalDns();

  static std::vector<IpAddress> DefaultNodeLocalDns();  // 169.254.20.10
};

struct Compiled {
  std::map<NodeName, DesiredState> states;  // nodes that have at least one source
  Verdicts verdicts;
  std::optional<Instant> next_change;  // the earliest expiresAt still to come: compile again then

  bool operator==(const Compiled&) const = default;
};

Compiled Compile(const store::Snapshot& snapshot, const Settings& settings);

}  // namespace podmirror::compile
