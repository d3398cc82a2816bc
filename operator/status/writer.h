// Writes conditions and counts where they differ from what the API server has: by server-side apply on the status
// subresource. On a thread of its own; the newest status of an object wins; at most one write per object and second.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "contract/names.h"
#include "operator/kube/client.h"
#include "operator/kube/reflector.h"
#include "operator/status/reduce.h"

namespace podmirror::status {

// An object's status as it should be, and as the API server showed it last.
struct Wanted {
  kube::Kind kind;
  ObjectKey key;
  std::int64_t generation = 0;
  std::string known;   // canonical JSON of the object's .status as watched; empty: none
  std::string wanted;  // canonical JSON without lastTransitionTime
};

// Pure. As in api.md: conditions with observedGeneration, counts, at most ten failures. Everything is cut to what the
// CRD admits.
std::string Render(const SessionStatus& status, std::int64_t generation);
std::string Render(const TargetStatus& status, std::int64_t generation);
std::string Render(const FilterStatus& status, std::int64_t generation);

// The body to write, or nullopt where `known` says the same already. lastTransitionTime of a condition whose status
// did not change is kept.
std::optional<std::string> Difference(const std::string& known, const std::string& wanted, Instant now);

class Writer {
 public:
  static std::unique_ptr<Writer> Start(std::shared_ptr<kube::Client> client, std::function<void(const Error&)> failed);
  virtual ~Writer() = default;
  virtual void Submit(Wanted wanted) = 0;  // from any thread; never waits
  virtual void Forget(kube::Kind kind, const ObjectKey& key) = 0;
};

}  // namespace podmirror::status
