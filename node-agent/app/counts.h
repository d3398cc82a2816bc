// Counters as the law wants them: slots and indices joined with what the hooks say of them. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/plan/state.h"
#include "node-agent/stats/law.h"

namespace podmirror::agent {

// How people call things; what is not named here goes by its number.
struct Names {
  std::map<std::uint32_t, std::string> interfaces;  // by ifindex
  std::map<std::uint64_t, std::string> sessions;    // by plan::SessionKey
};

// Every hook of every interface, by ifindex and direction.
std::vector<stats::HookCount> HookCounts(const plan::Observed& observed, const dataplane::Counters& counters,
                                         const Names& names = {});

}  // namespace podmirror::agent
