#include "operator/decode/builder.h"

#include <utility>

namespace podmirror::decode {

std::string ToString(Position position) {
  if (position.line == 0) return "";
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

Result<void> NodeBuilder::Count(Position position) {
  if (++nodes_ <= kMaxNodes) return {};
  return Fail("more than " + std::to_string(kMaxNodes) + " values", ToString(position),
              "split this over several files");
}

Result<void> NodeBuilder::Open(Node::Kind kind, Position position) {
  if (open_.size() == kMaxDepth) {
    return Fail("nested more than " + std::to_string(kMaxDepth) + " deep", ToString(position), "nest less deeply");
  }
  if (Result<void> counted = Count(position); !counted) return counted;
  Frame frame;
  frame.node.kind = kind;
  frame.node.position = position;
  open_.push_back(std::move(frame));
  return {};
}

Result<void> NodeBuilder::Close() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  Attach(std::move(node));
  return {};
}

Result<void> NodeBuilder::Key(std::string key, Position position) {
  Frame& map = open_.back();
  if (!map.keys.insert(key).second) {
    return Fail("the key \"" + key.substr(0, 64) + "\" stands twice in one map", ToString(position),
                "keep one of the two");
  }
  map.node.members.emplace_back(std::move(key), Node{});
  map.has_key = true;
  return {};
}

Result<void> NodeBuilder::Scalar(Node node) {
  if (Result<void> counted = Count(node.position); !counted) return counted;
  Attach(std::move(node));
  return {};
}

void NodeBuilder::Attach(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    done_ = true;
  } else if (open_.back().node.kind == Node::Kind::kList) {
    open_.back().node.items.push_back(std::move(node));
  } else {
    open_.back().node.members.back().value = std::move(node);
    open_.back().has_key = false;
  }
}

Node NodeBuilder::Take() {
  done_ = false;
  return std::exchange(root_, Node{});
}

}  // namespace podmirror::decode
