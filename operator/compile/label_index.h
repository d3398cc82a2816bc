// Which pods of one namespace carry a label, so that a session looks at the few pods it may select and not at all.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/api/objects.h"

namespace podmirror::compile {

class LabelIndex {
 public:
  using Positions = std::vector<std::uint32_t>;  // in `pods`, ascending

  // Indexes the label keys that `selectors` require with a value. All arguments must outlive the index.
  LabelIndex(std::span<const api::Pod* const> pods, std::span<const api::Selector* const> selectors);

  // The pods that match, ascending.
  Positions Select(const api::Selector& selector) const;

 private:
  using ByValue = std::unordered_map<std::string_view, Positions>;

  // The shortest list that holds every match; nullptr: nothing is known, look at all pods.
  const Positions* Narrowest(const api::Selector& selector) const;
  const Positions& With(std::string_view key, std::string_view value) const;

  std::span<const api::Pod* const> pods_;
  std::map<std::string_view, ByValue> by_key_;
};

}  // namespace podmirror::compile
