// Everything that Compile() may know about the cluster, at one moment.
#pragma once

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
};

}  // namespace podmirror::store
