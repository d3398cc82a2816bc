// A reflector keeps a copy of one kind of the cluster's objects up to date elsewhere: it lists, then watches, for
// ever, and hands over what it sees. client-go's rules (tools/cache/reflector.go): control-plane.md of the design.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "contract/names.h"
#include "operator/api/objects.h"
#include "operator/decode/decode.h"
#include "operator/kube/client.h"

namespace podmirror::kube {

enum class Kind : std::uint8_t { kFilter, kTarget, kSession, kPod, kNamespace, kService, kEndpointSlice };
inline constexpr Kind kAllKinds[] = {Kind::kFilter,    Kind::kTarget,  Kind::kSession,      Kind::kPod,
                                     Kind::kNamespace, Kind::kService, Kind::kEndpointSlice};
std::string_view NameOf(Kind kind);  // "tms", "pods": for logs and metrics

using Object = std::variant<api::TrafficMirrorFilter, api::TrafficMirrorTarget, api::TrafficMirrorSession, api::Pod,
                            api::Namespace, api::Service, api::EndpointSlice>;

// Everything there is of a kind: replaces what was known, in one swap. What exists and could not be read stays as it
// was known.
struct Listed {
  Kind kind;
  std::vector<Object> objects;
  std::vector<ObjectKey> unreadable = {};
};
struct Put {
  Kind kind;
  Object object;
};
struct Removed {
  Kind kind;
  ObjectKey key;
};
// The kind cannot be listed now (its CRD is missing: 404; we may not: 403): what is known of it is no longer the truth,
// and nothing may be removed because of it. Listed{} ends that. Said once each time the reason changes.
struct OutOfSync {
  Kind kind;
  Error why;
};
// The server does not answer, or not as it should (an outage, 429, 5xx): what is known of this kind may be old, and a
// server that comes back may have forgotten all. So nothing may be removed because of what the other kinds say
// meanwhile. Fresh{} or Listed{} ends that. Said once each time the reason changes.
struct Unheard {
  Kind kind;
  Error why;
};
// An object that could not be read: it stays as it was known. Said once each time it changes.
struct Unreadable {
  Kind kind;
  ObjectKey key;  // empty where not even that could be read
  Error why;
};
// The watch has heard from the server (an event, a bookmark, a start): how old what we know can be.
struct Fresh {
  Kind kind;
};

using WatchEvent = std::variant<Listed, Put, Removed, OutOfSync, Unheard, Unreadable, Fresh>;

// May block, which slows the watch down (TCP) and loses nothing.
using Handler = std::function<void(WatchEvent)>;

struct ReflectorSettings {
  // Doubles to the longest, with jitter; starts anew after two good minutes.
  std::chrono::milliseconds first_pause{800};
  std::chrono::milliseconds longest_pause{30'000};
  std::chrono::milliseconds idle{150'000};           // silence after which a watch counts as dead
  std::chrono::seconds watch_least{300};             // timeoutSeconds is random between this and twice this
  std::chrono::milliseconds initial_events{60'000};  // for a watch-list to be complete; then LIST in pages instead
};

class Reflector {
 public:
  // Starts at once, on a thread of its own.
  static std::unique_ptr<Reflector> Start(Kind kind, std::shared_ptr<Client> client, ReflectorSettings settings,
                                          Handler handler);
  virtual ~Reflector() = default;  // stops and joins; call Transport::Shutdown() or Stop() on all first
  virtual void Stop() = 0;         // does not wait
};

}  // namespace podmirror::kube
