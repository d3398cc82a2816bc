// Who may mirror whom (api.md, Tenancy): tiers, seals, consent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/desired_state.h"
#include "operator/api/objects.h"
#include "operator/compile/compile.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

Tier TierOf(const std::string& ns, const Settings& settings);

// The annotation podmirror.io/sealed: "true".
bool IsSealed(const api::Meta& meta);

// What counts of a namespace.
struct Namespace {
  std::string name;
  api::Labels labels;  // kubernetes.io/metadata.name included
  bool sealed = false;
  std::string consent;  // the annotation podmirror.io/allow-sessions-from

  bool operator==(const Namespace&) const = default;
};

// Every namespace with an object, a pod or a session, by name. One without an object has only its name label.
class Namespaces {
 public:
  Namespaces() = default;
  explicit Namespaces(const store::Snapshot& snapshot);

  const std::vector<Namespace>& all() const { return all_; }
  const Namespace& at(std::string_view name) const;  // also of one that is not listed
  bool operator==(const Namespaces&) const = default;

 private:
  std::vector<Namespace> all_;
};

// "ns-a, ns-b" or "*" names `ns`.
bool Consents(std::string_view consent, std::string_view ns);

// The namespaces whose pods a session may select, by position in Namespaces::all().
struct Reach {
  std::vector<std::uint32_t> positions;  // ascending
  int left_out = 0;                      // selected, and not consenting

  bool operator==(const Reach&) const = default;
};

Reach FindReach(const std::string& ns, Tier tier, const std::optional<api::Selector>& selector,
                const Namespaces& namespaces);

// May sessions of `from` send to a target of namespace `to`?
bool Allows(const api::AllowedNamespaces& allowed, const std::string& to, const Namespace& from);

}  // namespace podmirror::compile
