// Our two veth pairs. Names are of the network namespace that the process is in.
#pragma once

#include <cstdint>
#include <string>

#include "contract/result.h"

namespace podmirror::dataplane {

struct Pair {
  const char* near;
  const char* far;
  bool segments;  // the near end has no offloads: the kernel makes wire segments of what is sent into it
};
inline constexpr Pair kMirrorPair{"pm-copy0", "pm-copy1", false};
inline constexpr Pair kSegmenterPair{"pm-seg0", "pm-seg1", true};

struct PairState {
  bool whole = false;  // both ends there, each other's peers, up, MTU, NOARP, no IPv6 addresses, offloads as wanted
  std::uint32_t near_ifindex = 0;  // 0: not there
  std::uint32_t far_ifindex = 0;
};

Result<PairState> ObservePair(const Pair& pair);
// Makes what is missing and mends what differs. A device with such a name that is no veth is an error.
Result<PairState> EnsurePair(const Pair& pair);
// True where there was one. A device with such a name that is no veth is left alone.
Result<bool> RemovePair(const Pair& pair);

}  // namespace podmirror::dataplane
