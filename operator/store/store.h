// The cache. One thread owns it.
#pragma once

#include <cstdint>
#include <variant>

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
  void Put(AnyObject object);
  void Remove(Kind kind, const ObjectKey& key);
  // All that is cached, stamped with `now`. A view, not a copy (100,000 pods): read it before the next call.
  const store::Snapshot& Snapshot(Instant now);

 private:
  void Count(const ObjectKey& pod) { objects_.pod_changes[pod.ns] = ++changes_; }

  store::Snapshot objects_;
  std::uint64_t changes_ = 0;
};

}  // namespace podmirror::store
