// Stories: lists of world states that a store goes through by events. Output is a function of the current state, so
// however a store came to a state, Compile() gives the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "operator/store/store.h"

namespace podmirror::worlds {

struct Removal {
  store::Kind kind;
  ObjectKey key;
};
using Event = std::variant<store::AnyObject, Removal>;

struct Story {
  std::string name;
  std::vector<store::Snapshot> states;
};

// The events that lead from one state to another, in an order that the seed decides.
std::vector<Event> Difference(const store::Snapshot& from, const store::Snapshot& to, std::uint32_t seed);

void Apply(const Event& event, store::Store& store);

// The story itself, reversed, squashed to its last state, and emptied between any two states.
std::vector<Story> Expand(const Story& story);

}  // namespace podmirror::worlds
