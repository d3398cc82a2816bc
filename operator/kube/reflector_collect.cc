#include "operator/kube/reflector_collect.h"

#include <algorithm>
#include <utility>

namespace podmirror::kube {

const ObjectKey& KeyOf(const Object& object) {
  return std::visit([](const auto& value) -> const ObjectKey& { return value.meta.key; }, object);
}

void Collected::Put(Item item, bool is_new) {
  if (!item.object) {
    unreadable_.insert_or_assign(std::move(item.key), std::move(item.object.error()));
    return;
  }
  unreadable_.erase(item.key);
  if (is_new && !index_) {
    objects_.push_back(std::move(*item.object));
    return;
  }
  const auto [at, fresh] = Index().emplace(item.key, objects_.size());
  if (fresh) {
    objects_.push_back(std::move(*item.object));
  } else {
    objects_[at->second] = std::move(*item.object);
  }
}

void Collected::Remove(const ObjectKey& key) {
  unreadable_.erase(key);
  const auto at = Index().find(key);
  if (at == index_->end()) return;
  const std::size_t hole = at->second;
  index_->erase(at);
  if (hole + 1 != objects_.size()) {
    objects_[hole] = std::move(objects_.back());
    index_->at(KeyOf(objects_[hole])) = hole;
  }
  objects_.pop_back();
}

Listed Collected::TakeListed(Kind kind) {
  Listed listed{kind, std::move(objects_), {}};
  if (!unreadable_.empty()) {
    for (const auto& [key, error] : unreadable_) {
      // Read once in this list and not after its last change: what was read is what is known.
      const bool read = std::ranges::find(listed.objects, key, KeyOf) != listed.objects.end();
      if (!read && !key.name.empty()) listed.unreadable.push_back(key);
    }
  }
  objects_.clear();
  index_.reset();
  return listed;
}

std::vector<Unreadable> Collected::TakeUnreadable(Kind kind) {
  std::vector<Unreadable> all;
  for (auto& [key, error] : std::exchange(unreadable_, {})) all.push_back({kind, key, error});
  return all;
}

std::map<ObjectKey, std::size_t>& Collected::Index() {
  if (!index_) {
    index_.emplace();
    for (std::size_t i = 0; i < objects_.size(); ++i) index_->emplace(KeyOf(objects_[i]), i);
  }
  return *index_;
}

}  // namespace podmirror::kube
