// Lower: values of the contract -> structs of the ABI. The one home of byte order.
#pragma once

#include <cstdint>
#include <vector>

#include "contract/desired_state.h"
#include "contract/ip.h"
#include "contract/result.h"
#include "node-agent/bpf/abi.h"
#include "node-agent/plan/state.h"

namespace podmirror::plan {

// `session`: position in the hook, below PM_MAX_SESSIONS.
pm_rule LowerRule(const Rule& rule, std::uint8_t session);

// The rules of one direction; filters[i] is that of the session at position i, never null. Fails beyond the limits of
// the ABI: rules are never cut silently. Equal input gives equal bytes.
Result<Ruleset> LowerRuleset(const std::vector<const DesiredFilter*>& filters, Direction direction);

// Key of pm_collectors and pm_services.
Socket LowerSocket(const SocketAddress& socket);

// An IPv4 address as pm_endpoint holds it (network order). Precondition: address.is_v4().
std::uint32_t LowerV4(const IpAddress& address);

// The way back.
SocketAddress RaiseSocket(const Socket& socket);
IpAddress RaiseV4(std::uint32_t address_be);

}  // namespace podmirror::plan
