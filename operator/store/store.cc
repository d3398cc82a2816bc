#include "operator/store/store.h"

#include <type_traits>
#include <utility>

namespace podmirror::store {
namespace {

// Kind numbers the alternatives of AnyObject.
static_assert(
    std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kFilter), AnyObject>, api::TrafficMirrorFilter>);
static_assert(
    std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kTarget), AnyObject>, api::TrafficMirrorTarget>);
static_assert(
    std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kSession), AnyObject>, api::TrafficMirrorSession>);
static_assert(std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kPod), AnyObject>, api::Pod>);
static_assert(std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kNamespace), AnyObject>, api::Namespace>);
static_assert(std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kService), AnyObject>, api::Service>);
static_assert(
    std::is_same_v<std::variant_alternative_t<std::size_t(Kind::kEndpointSlice), AnyObject>, api::EndpointSlice>);
static_assert(std::variant_size_v<AnyObject> == 7);

auto& MapFor(Snapshot& s, const api::TrafficMirrorFilter&) { return s.filters; }
auto& MapFor(Snapshot& s, const api::TrafficMirrorTarget&) { return s.targets; }
auto& MapFor(Snapshot& s, const api::TrafficMirrorSession&) { return s.sessions; }
auto& MapFor(Snapshot& s, const api::Pod&) { return s.pods; }
auto& MapFor(Snapshot& s, const api::Namespace&) { return s.namespaces; }
auto& MapFor(Snapshot& s, const api::Service&) { return s.services; }
auto& MapFor(Snapshot& s, const api::EndpointSlice&) { return s.endpoint_slices; }

}  // namespace

Kind KindOf(const AnyObject& object) { return static_cast<Kind>(object.index()); }

const ObjectKey& KeyOf(const AnyObject& object) {
  return std::visit([](const auto& o) -> const ObjectKey& { return o.meta.key; }, object);
}

void Store::Put(AnyObject object) {
  std::visit(
      [this](auto&& o) {
        ObjectKey key = o.meta.key;
        if constexpr (std::is_same_v<std::decay_t<decltype(o)>, api::Pod>) Count(key);
        MapFor(objects_, o).insert_or_assign(std::move(key), std::forward<decltype(o)>(o));
      },
      std::move(object));
}

void Store::Remove(Kind kind, const ObjectKey& key) {
  switch (kind) {
    case Kind::kFilter:
      objects_.filters.erase(key);
      return;
    case Kind::kTarget:
      objects_.targets.erase(key);
      return;
    case Kind::kSession:
      objects_.sessions.erase(key);
      return;
    case Kind::kPod:
      objects_.pods.erase(key);
      Count(key);
      return;
    case Kind::kNamespace:
      objects_.namespaces.erase(key);
      return;
    case Kind::kService:
      objects_.services.erase(key);
      return;
    case Kind::kEndpointSlice:
      objects_.endpoint_slices.erase(key);
      return;
  }
}

const store::Snapshot& Store::Snapshot(Instant now) {
  objects_.now = now;
  return objects_;
}

}  // namespace podmirror::store
