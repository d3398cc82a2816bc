// Hands out the ids of one kind of kernel object.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace podmirror::plan {

// Ids from `first` up to, not including, `limit`. Whatever the kernel holds or refers to now is marked with Use() and
// never handed out, so that nothing old can meet new content under an old name. The next id follows the highest one
// and wraps: what has just become free rests as long as possible.
class IdPool {
 public:
  IdPool(std::uint32_t first, std::uint32_t limit) : first_(first), taken_(limit, false), next_(first) {}

  void Use(std::uint32_t id) {
    if (id >= taken_.size() || id < first_) return;
    taken_[id] = true;
    if (id >= next_) next_ = id + 1;
  }

  // nullopt: none is left.
  std::optional<std::uint32_t> Next() {
    const std::uint32_t size = static_cast<std::uint32_t>(taken_.size());
    for (std::uint32_t tries = first_; tries < size; ++tries) {
      if (next_ >= size) next_ = first_;
      const std::uint32_t id = next_++;
      if (taken_[id]) continue;
      taken_[id] = true;
      return id;
    }
    return std::nullopt;
  }

 private:
  std::uint32_t first_;
  std::vector<bool> taken_;
  std::uint32_t next_;
};

}  // namespace podmirror::plan
