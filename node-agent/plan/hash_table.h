// The consistent-hash table of a target: which endpoint serves which share of the flows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/ip.h"
#include "node-agent/bpf/abi.h"

namespace podmirror::plan {

inline constexpr std::uint32_t kNobody = UINT32_MAX;

// For each of the PM_TABLE_SIZE entries the position of its endpoint in `endpoints`; kNobody where there are none.
//
// Rendezvous hashing: an entry belongs to the endpoint with the highest weight, a hash of entry, address and port.
// So the table is the same on every node and whatever the order of the list, a removed endpoint moves its own entries
// and no other, and a new one takes only what will be its own.
std::vector<std::uint32_t> SpreadFlows(std::span<const SocketAddress> endpoints);

}  // namespace podmirror::plan
