// Histories: lists of worlds that follow each other on one node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/plan_world.h"

namespace podmirror::test {

struct History {
  std::string name;
  std::vector<World> worlds;
};

// Each tells one story of the datapath's life.
std::vector<History> Stories();
// Worlds drawn at random, each a few changes after the one before.
History RandomHistory(std::uint32_t seed);

}  // namespace podmirror::test
