// What arrives at a collector, and what should have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/wire.h"

namespace podmirror::testing {

inline constexpr std::uint16_t kVxlanPort = 4789;

// The last leg to a collector.
struct Leg {
  std::array<std::uint8_t, 6> smac;
  std::array<std::uint8_t, 6> dmac;
  std::array<std::uint8_t, 4> source;  // the node's address on that route
  std::array<std::uint8_t, 4> destination;
};

struct Copy {
  std::uint32_t vni = 0;
  std::uint16_t source_port = 0;
  Frame inner;
};

// True for UDP to the VXLAN port over IPv4, right or wrong.
bool IsCopy(const Frame& frame);
// The copy in a frame for which IsCopy() holds. What is wrong with the outer headers is appended to `faults`.
Copy ReadCopy(const Frame& frame, const Leg& leg, std::vector<std::string>& faults);

struct WantedCopy {
  std::uint32_t vni = 0;
  Frame whole;
  std::size_t limit = 0;  // at most so many bytes of it
  std::size_t checksum_at =
      0;                       // of a cut copy: this checksum, left to the hardware, may be over the cut bytes; 0: none
  bool may_be_longer = false;  // the kernel may refuse to cut so short
};

struct Comparison {
  std::vector<std::string> faults;  // the first few, one line each
  std::size_t cut_late = 0;         // copies that were longer than their limit where they may be
};

// As multisets: order does not matter.
Comparison Compare(const std::vector<WantedCopy>& wanted, const std::vector<Copy>& arrived);

}  // namespace podmirror::testing
