// What each node has been told under which revision, and what it says that it has applied. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/messages.h"
#include "contract/names.h"
#include "operator/compile/shared.h"

namespace podmirror::app {

using States = std::map<NodeName, compile::Shared<DesiredState>>;

struct Letter {
  NodeName node;
  std::shared_ptr<const std::string> message;  // nullptr: nothing is to be said to that node any more

  bool operator==(const Letter&) const = default;
};

// A state that cannot be sent: the node goes on with what it has.
struct TooLarge {
  NodeName node;
  std::size_t bytes = 0;
};

struct Post {
  std::vector<Letter> letters;
  std::vector<TooLarge> too_large;
};

class Publications {
 public:
  explicit Publications(std::size_t most_bytes = kMaxStateBytes) : most_bytes_(most_bytes) {}

  // From here on everything is said anew, under this epoch. nullopt: we say nothing.
  void Lead(std::optional<Epoch> epoch);
  bool leading() const { return epoch_.has_value(); }

  // Letters to the nodes whose state differs from what they were told. A connected node without a source gets an
  // empty state, so that it stops what has ended; one that is away gets it when it is back.
  Post Update(const States& states, const std::set<NodeName>& connected);
  // The same for one node, which has just connected: to look at 5,000 for each of 5,000 that come back is too much.
  Post Greet(const NodeName& node, const States& states);
  // Every letter once more, for a server that knows none.
  std::vector<Letter> All() const;

  void Applied(const NodeName& node, const std::optional<Revision>& revision);
  // The state that it has applied; nullptr: none of ours that we remember.
  std::shared_ptr<const DesiredState> AppliedState(const NodeName& node) const;
  void Forget(const NodeName& node) { nodes_.erase(node); }
  // It was told something that it has not applied yet.
  bool IsBehind(const NodeName& node) const;

 private:
  struct Told {
    std::uint64_t number = 0;
    std::shared_ptr<const DesiredState> state;
  };
  struct Node {
    std::deque<Told> told;                       // ascending; the last one is what it should have
    std::shared_ptr<const std::string> message;  // nullptr: there is nothing to be read by who connects
    std::optional<Told> applied;
  };

  std::optional<Letter> Tell(const NodeName& node, const std::shared_ptr<const DesiredState>& state, Post& post);

  const std::size_t most_bytes_;
  std::optional<Epoch> epoch_;
  std::uint64_t last_number_ = 0;  // of all nodes; never starts again, so that it ascends within any epoch
  std::map<NodeName, Node> nodes_;
  std::shared_ptr<const DesiredState> nothing_ = std::make_shared<const DesiredState>();
};

}  // namespace podmirror::app
