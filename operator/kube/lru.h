// A map that forgets what was not used for the longest time.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

namespace podmirror::kube {

template <typename Key, typename Value>
class Lru {
 public:
  explicit Lru(std::size_t capacity) : capacity_(capacity) {}

  // Makes it where it is not there, and may forget another one for that.
  Value& At(const Key& key) {
    if (Value* found = Find(key)) return *found;
    if (index_.size() >= capacity_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, Value{});
    index_.emplace(key, order_.begin());
    return order_.front().second;
  }
  Value* Find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }
  void Erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    order_.erase(found->second);
    index_.erase(found);
  }
  std::size_t size() const { return index_.size(); }

  // The latest first.
  auto begin() { return order_.begin(); }
  auto end() { return order_.end(); }

 private:
  using Order = std::list<std::pair<Key, Value>>;

  const std::size_t capacity_;
  Order order_;
  std::map<Key, typename Order::iterator> index_;
};

}  // namespace podmirror::kube
