// Writes conditions and counts where they differ from what the API server has: by server-side apply on the status
// subresource. On a thread of its own; the newest status of an object wins; at most one write per object and second.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "contract/names.h"
#include "operator/kube/client.h"
#include "operator/kube/reflector.h"

namespace podmirror::status {

// An object's status as it should be, and as the API server showed it last.
struct Wanted {
  kube::Kind kind;
  ObjectKey key;
  std::string known;   // canonical JSON of the object's .status as watched; empty: none
  std::string wanted;  // from Render()
};

struct WriterSettings {
  std::chrono::milliseconds interval{1'000};        // between two writes of one object
  std::chrono::milliseconds longest_pause{30'000};  // after failures that may pass: doubles from `interval` up to this
  std::chrono::minutes older_schema{10};            // how long fields that the CRD lacks are left out
};

class Writer {
 public:
  // `failed`: on the writer's thread; the same trouble of an object is said once until something of it changes.
  static std::unique_ptr<Writer> Start(std::shared_ptr<kube::Client> client, WriterSettings settings,
                                       std::function<void(const Error&)> failed);
  virtual ~Writer() = default;  // does not write what waits; a write under way ends with Transport::Shutdown()

  // From any thread; never waits.
  virtual void Submit(Wanted wanted) = 0;
  virtual void Forget(kube::Kind kind, const ObjectKey& key) = 0;
};

}  // namespace podmirror::status
