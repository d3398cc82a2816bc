#include "operator/app/publications.h"

#include <algorithm>
#include <utility>

#include "contract/codec.h"

namespace podmirror::app {
namespace {

constexpr std::size_t kRemembered = 8;  // states that a node has not confirmed

}  // namespace

void Publications::Lead(std::optional<Epoch> epoch) {
  epoch_ = epoch;
  nodes_.clear();
}

std::optional<Letter> Publications::Tell(const NodeName& node, const std::shared_ptr<const DesiredState>& state,
                                         Post& post) {
  Node& known = nodes_[node];
  if (known.message && !known.told.empty() &&
      (known.told.back().state == state || *known.told.back().state == *state)) {
    known.told.back().state = state;  // equal, and from now on the same: comparing is cheap
    return std::nullopt;
  }
  const std::uint64_t number = ++last_number_;
  std::string text = Encode(StateMessage{{*epoch_, number}, *state});
  if (text.size() > most_bytes_) {
    post.too_large.push_back({node, text.size()});
    return std::nullopt;
  }
  known.told.push_back({number, state});
  if (known.told.size() > kRemembered) known.told.pop_front();
  known.message = std::make_shared<const std::string>(std::move(text));
  return Letter{node, known.message};
}

Post Publications::Update(const States& states, const std::set<NodeName>& connected) {
  Post post;
  if (!epoch_) return post;
  const auto tell = [&](const NodeName& node, const std::shared_ptr<const DesiredState>& state) {
    if (auto letter = Tell(node, state, post)) post.letters.push_back(*std::move(letter));
  };
  for (const auto& [node, state] : states) tell(node, state.pointer());
  for (const NodeName& node : connected) {
    if (!states.contains(node)) tell(node, nothing_);
  }
  for (auto& [node, known] : nodes_) {
    if (!known.message || states.contains(node) || connected.contains(node)) continue;
    known.message = nullptr;  // what it has applied is remembered: it has not confirmed the end of that
    post.letters.push_back({node, nullptr});
  }
  return post;
}

Post Publications::Greet(const NodeName& node, const States& states) {
  Post post;
  if (!epoch_) return post;
  const auto state = states.find(node);
  if (auto letter = Tell(node, state == states.end() ? nothing_ : state->second.pointer(), post)) {
    post.letters.push_back(*std::move(letter));
  }
  return post;
}

std::vector<Letter> Publications::All() const {
  std::vector<Letter> letters;
  for (const auto& [node, known] : nodes_) {
    if (known.message) letters.push_back({node, known.message});
  }
  return letters;
}

void Publications::Applied(const NodeName& node, const std::optional<Revision>& revision) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return;
  Node& known = found->second;
  if (!revision || !epoch_ || revision->epoch != *epoch_) {
    known.applied.reset();
    return;
  }
  if (known.applied && known.applied->number == revision->number) return;
  const auto told = std::ranges::find(known.told, revision->number, &Told::number);
  if (told == known.told.end()) {
    known.applied.reset();
    return;
  }
  known.applied = *told;
  known.told.erase(known.told.begin(), told);  // what is older than what it has is never asked for again
}

std::shared_ptr<const DesiredState> Publications::AppliedState(const NodeName& node) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end() || !found->second.applied) return nullptr;
  const Node& known = found->second;
  // The newest pointer to the same state, which is the one in Compiled::states.
  return known.told.back().number == known.applied->number ? known.told.back().state : known.applied->state;
}

bool Publications::IsBehind(const NodeName& node) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end() || found->second.told.empty()) return false;
  return !found->second.applied || found->second.applied->number != found->second.told.back().number;
}

}  // namespace podmirror::app
