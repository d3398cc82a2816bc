// The cache. One thread owns it.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "contract/names.h"
#include "operator/api/objects.h"
#include "operator/store/snapshot.h"

namespace podmirror::store {

using AnyObject = std::variant<api::TrafficMirrorFilter, api::TrafficMirrorTarget, api::TrafficMirrorSession, api::Pod,
                               api::Namespace, api::Service, api::EndpointSlice>;

enum class Kind : std::uint8_t { kFilter, kTarget, kSession, kPod, kNamespace, kService, kEndpointSlice };

Kind KindOf(const AnyObject& object);
const ObjectKey& KeyOf(const AnyObject& object);

class Store {
 public:
  // Whether that changes anything that Compile() looks at: an object's status as the API server shows it does not.
  bool Put(AnyObject object);
  void Remove(Kind kind, const ObjectKey& key) { Take(kind, key); }
  std::optional<AnyObject> Take(Kind kind, const ObjectKey& key);  // removes it; nullopt: it was not there
  struct Replaced {
    bool changed = false;
    std::vector<AnyObject> gone;  // what was there and is not any more
  };
  // These are all of the kind, but for those in `kept`, which stay as they were known.
  Replaced Replace(Kind kind, std::vector<AnyObject> objects, const std::vector<ObjectKey>& kept);
  // All that is cached, stamped with `now`. A view, not a copy (100,000 pods): read it before the next call.
  const store::Snapshot& Snapshot(Instant now);

 private:
  void Count(const ObjectKey& pod) { objects_.pod_changes[pod.ns] = ++changes_; }

  store::Snapshot objects_;
  std::uint64_t changes_ = 0;
};

}  // namespace podmirror::store
