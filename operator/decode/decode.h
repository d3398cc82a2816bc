// Decode: document -> api value, or an Error with the path. Pure: no I/O, no clock.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "contract/result.h"
#include "operator/api/objects.h"
#include "operator/decode/node.h"

namespace podmirror::decode {

// A kind that we do not watch, a List among them.
struct OtherKind {
  std::string api_version;
  std::string kind;
  ObjectKey key;
};

using Decoded = std::variant<api::TrafficMirrorFilter, api::TrafficMirrorTarget, api::TrafficMirrorSession, api::Pod,
                             api::Namespace, api::Service, api::EndpointSlice, OtherKind>;

// Our kinds are strict (unknown field, wrong type, out of range: Object::spec holds the Invalid); foreign kinds are
// read as Kubernetes shows them, unknown fields ignored. An Error is returned only where kind or metadata cannot be
// read, or where a foreign object has a field of ours that cannot be read.
//
// Error::where reads "12:5 spec.ingress[0].sourceCIDR" (line and column absent off a wire); the caller puts the file
// name in front. metadata.namespace absent: "default". An object has all its faults in one Error: the first one's
// what, where and fix, and some of the others behind the fix.
//
// What only the cluster can judge is left to compile: whether an address may be a target (never loopback, link-local,
// multicast; AddressNotAllowed), whether what is named exists, who may do what.
Result<Decoded> Decode(const Node& document);

// The objects of a document: its items where it is a v1 List, as `kubectl get -o yaml` prints several objects, else
// itself.
std::vector<const Node*> ObjectsOf(const Node& document);

}  // namespace podmirror::decode
