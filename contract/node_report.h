// NodeReport: what an agent says it has done. No packet counters: those are metrics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "contract/ip.h"
#include "contract/names.h"

namespace podmirror {

// One source pod. An empty reason: all its sessions are programmed in both directions. Reasons: contract/reasons.h.
struct SourceReport {
  ObjectKey pod;
  std::string interface;  // host side; empty where none was found
  std::string reason;
  std::string message;

  bool operator==(const SourceReport&) const = default;
};

// One collector address as seen from this node. An empty reason: its next hop is resolved.
struct EndpointReport {
  SocketAddress endpoint;
  std::string reason;
  std::string message;

  bool operator==(const EndpointReport&) const = default;
};

// Copies of this session were cut because they did not fit the path.
struct TruncationReport {
  ObjectKey session;
  std::string interface;         // egress device
  std::uint32_t mtu = 0;         // of the path
  std::uint32_t needed_mtu = 0;  // with which the largest frame of the sources' interfaces would have fitted

  bool operator==(const TruncationReport&) const = default;
};

struct NodeReport {
  std::vector<SourceReport> sources;          // by pod
  std::vector<EndpointReport> endpoints;      // by endpoint
  std::vector<TruncationReport> truncations;  // by session

  bool operator==(const NodeReport&) const = default;
};

}  // namespace podmirror
