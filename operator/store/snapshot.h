// Everything that Compile() may know about the cluster, at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "contract/names.h"
#include "operator/api/objects.h"

namespace podmirror::store {

struct Snapshot {
  Instant now;
  std::map<ObjectKey, api::TrafficMirrorFilter> filters;
  std::map<ObjectKey, api::TrafficMirrorTarget> targets;
  std::map<ObjectKey, api::TrafficMirrorSession> sessions;
  std::map<ObjectKey, api::Pod> pods;
  std::map<ObjectKey, api::Namespace> namespaces;  // key.ns is empty; a namespace without an object exists
  std::map<ObjectKey, api::Service> services;
  std::map<ObjectKey, api::EndpointSlice> endpoint_slices;

  // By namespace: raised whenever a pod there is put or removed. Equal for one store: its pods there are the same. A
  // namespace that is not listed has not been counted.
  std::map<std::string, std::uint64_t> pod_changes;
};

}  // namespace podmirror::store
