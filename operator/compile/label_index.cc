#include "operator/compile/label_index.h"

#include "operator/compile/selector.h"

namespace podmirror::compile {
namespace {

// `key In (value)` narrows as well as a matchLabel.
bool NamesOneValue(const api::Requirement& requirement) {
  return requirement.op == api::Requirement::Operator::kIn && requirement.values.size() == 1;
}

}  // namespace

LabelIndex::LabelIndex(std::span<const api::Pod* const> pods, std::span<const api::Selector* const> selectors)
    : pods_(pods) {
  for (const api::Selector* selector : selectors) {
    for (const auto& [key, value] : selector->match_labels) by_key_.try_emplace(key);
    for (const auto& requirement : selector->match_expressions) {
      if (NamesOneValue(requirement)) by_key_.try_emplace(requirement.key);
    }
  }
  for (std::uint32_t i = 0; i < pods_.size(); ++i) {
    const api::Labels& labels = pods_[i]->meta.labels;
    for (auto& [key, by_value] : by_key_) {
      if (const auto label = labels.find(std::string(key)); label != labels.end()) by_value[label->second].push_back(i);
    }
  }
}

const LabelIndex::Positions& LabelIndex::With(std::string_view key, std::string_view value) const {
  static const Positions kNone;
  const auto by_value = by_key_.find(key);
  if (by_value == by_key_.end()) return kNone;
  const auto positions = by_value->second.find(value);
  return positions == by_value->second.end() ? kNone : positions->second;
}

const LabelIndex::Positions* LabelIndex::Narrowest(const api::Selector& selector) const {
  const Positions* best = nullptr;
  const auto consider = [&](const Positions& positions) {
    if (best == nullptr || positions.size() < best->size()) best = &positions;
  };
  for (const auto& [key, value] : selector.match_labels) consider(With(key, value));
  for (const auto& requirement : selector.match_expressions) {
    if (NamesOneValue(requirement)) consider(With(requirement.key, requirement.values.front()));
  }
  return best;
}

LabelIndex::Positions LabelIndex::Select(const api::Selector& selector) const {
  Positions selected;
  const auto take = [&](std::uint32_t i) {
    if (Matches(selector, pods_[i]->meta.labels)) selected.push_back(i);
  };
  if (const Positions* narrow = Narrowest(selector)) {
    for (const std::uint32_t i : *narrow) take(i);
  } else {
    for (std::uint32_t i = 0; i < pods_.size(); ++i) take(i);
  }
  return selected;
}

}  // namespace podmirror::compile
