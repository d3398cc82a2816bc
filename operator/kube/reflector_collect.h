// A list while it arrives, one object or one page at a time, with the changes that come in between.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "operator/kube/reflector.h"
#include "operator/kube/wire.h"

namespace podmirror::kube {

const ObjectKey& KeyOf(const Object& object);

class Collected {
 public:
  void Put(Item item, bool is_new);
  void Remove(const ObjectKey& key);

  // What a reflector hands over of it: the list, and what was wrong.
  Listed TakeListed(Kind kind);
  std::vector<Unreadable> TakeUnreadable(Kind kind);

 private:
  // Made only when a change arrives: a list of 100,000 objects needs none.
  std::map<ObjectKey, std::size_t>& Index();

  std::vector<Object> objects_;
  std::optional<std::map<ObjectKey, std::size_t>> index_;
  std::map<ObjectKey, Error> unreadable_;
};

}  // namespace podmirror::kube
