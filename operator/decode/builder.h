// Builds Nodes from the events of a parser, strictly. Internal to the readers of YAML and JSON.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "operator/decode/node.h"

namespace podmirror::decode {

inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 200'000;

// Each call returns an Error once the document breaks a rule; nothing may be called after that.
class NodeBuilder {
 public:
  Result<void> Open(Node::Kind kind, Position position);  // kList or kMap
  Result<void> Close();
  Result<void> Key(std::string key, Position position);
  Result<void> Scalar(Node node);

  // In a map, with no key read yet for the next value.
  bool WantsKey() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::kMap && !open_.back().has_key;
  }
  bool done() const { return done_; }
  // The finished document; the builder is ready for the next one and keeps counting nodes.
  Node Take();

 private:
  struct Frame {
    Node node;
    std::set<std::string> keys;
    bool has_key = false;
  };

  Result<void> Count(Position position);
  void Attach(Node node);

  std::vector<Frame> open_;
  Node root_;
  std::size_t nodes_ = 0;
  bool done_ = false;
};

std::string ToString(Position position);  // "12:5"; empty where unknown

}  // namespace podmirror::decode
