// The product's parser, matcher and hash as one call, and their comparison with the reference.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "node-agent/bpf/match.h"
#include "node-agent/bpf/packet.h"
#include "node-agent/plan/state.h"
#include "tests/oracle/frames.h"
#include "tests/oracle/reference.h"

namespace podmirror::oracle {

// What parse.h, match.h and flow.h say of a frame; also what the kernel's run of them writes (same layout).
struct Outcome {
  pm_packet packet;
  pm_match_result match;  // only where the packet is IP or ARP, as is the hash
  std::uint32_t flow_hash;
};

// One hook: filters by position, and what surrounds them.
struct World {
  std::vector<DesiredFilter> filters;
  std::uint32_t expired = 0;  // bit mask of positions
  std::vector<SocketAddress> cluster_dns;
  Direction direction = Direction::kIngress;
  plan::Ruleset ruleset;  // of the filters
};

// Fills World::ruleset.
void Lower(World& world);

// The bytes as the kernel holds them, and the ethertype of a tag beside them (0: none).
struct Held {
  Octets bytes;
  std::uint16_t tag = 0;
};
Held HeldByKernel(const Frame& frame);

Outcome RunNative(const World& world, const Frame& frame);

// Parses alone.
pm_packet ParseNative(const Frame& frame);

// The reference's judgement of a world.
Judgement Judge(const World& world, const Reading& reading);

// What the outcome says otherwise than the reference; empty: they agree. The hash is not compared.
std::string Difference(const World& world, const Reading& reading, const Outcome& outcome);

}  // namespace podmirror::oracle
