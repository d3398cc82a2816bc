#include "operator/store/store.h"

#include <set>
#include <string>
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

// Calls `f` with the map of that kind.
template <typename F>
auto WithMap(Snapshot& s, Kind kind, F f) {
  switch (kind) {
    case Kind::kFilter:
      return f(s.filters);
    case Kind::kTarget:
      return f(s.targets);
    case Kind::kSession:
      return f(s.sessions);
    case Kind::kPod:
      return f(s.pods);
    case Kind::kNamespace:
      return f(s.namespaces);
    case Kind::kService:
      return f(s.services);
    case Kind::kEndpointSlice:
      break;
  }
  return f(s.endpoint_slices);
}

// Equal but for what Compile() does not look at. `after` is left as it is.
template <typename T>
bool Alike(T& before, T& after) {
  if constexpr (requires { before.status; }) {
    std::string status;
    std::swap(before.status, status);
    std::string theirs;
    std::swap(after.status, theirs);
    const bool alike = before == after;
    std::swap(before.status, status);
    std::swap(after.status, theirs);
    return alike;
  } else {
    return before == after;
  }
}

}  // namespace

Kind KindOf(const AnyObject& object) { return static_cast<Kind>(object.index()); }

const ObjectKey& KeyOf(const AnyObject& object) {
  return std::visit([](const auto& o) -> const ObjectKey& { return o.meta.key; }, object);
}

bool Store::Put(AnyObject object) {
  return std::visit(
      [this](auto&& o) {
        auto& map = MapFor(objects_, o);
        const ObjectKey key = o.meta.key;
        const auto [found, is_new] = map.try_emplace(key, std::forward<decltype(o)>(o));
        const bool changed = is_new || !Alike(found->second, o);
        if (!is_new) found->second = std::forward<decltype(o)>(o);
        if (changed && std::is_same_v<std::decay_t<decltype(o)>, api::Pod>) Count(key);
        return changed;
      },
      std::move(object));
}

std::optional<AnyObject> Store::Take(Kind kind, const ObjectKey& key) {
  if (kind == Kind::kPod) Count(key);
  return WithMap(objects_, kind, [&key](auto& map) -> std::optional<AnyObject> {
    auto node = map.extract(key);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  });
}

Store::Replaced Store::Replace(Kind kind, std::vector<AnyObject> objects, const std::vector<ObjectKey>& kept) {
  std::set<ObjectKey> there(kept.begin(), kept.end());
  for (const AnyObject& object : objects) there.insert(KeyOf(object));
  Replaced result;
  WithMap(objects_, kind, [&](auto& map) {
    for (auto it = map.begin(); it != map.end();) {
      if (there.contains(it->first)) {
        ++it;
        continue;
      }
      if (kind == Kind::kPod) Count(it->first);
      result.gone.emplace_back(std::move(it->second));
      it = map.erase(it);
    }
  });
  result.changed = !result.gone.empty();
  for (AnyObject& object : objects) result.changed = Put(std::move(object)) || result.changed;
  return result;
}

const store::Snapshot& Store::Snapshot(Instant now) {
  objects_.now = now;
  return objects_;
}

}  // namespace podmirror::store
