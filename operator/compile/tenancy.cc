#include "operator/compile/tenancy.h"

#include <algorithm>
#include <map>
#include <set>

#include "operator/compile/selector.h"

namespace podmirror::compile {
namespace {

constexpr const char* kSealed = "podmirror.io/sealed";
constexpr const char* kAllowFrom = "podmirror.io/allow-sessions-from";
constexpr const char* kNameLabel = "kubernetes.io/metadata.name";  // Kubernetes sets it on every Namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Namespace Bare(std::string name) {
  Namespace bare;
  bare.labels[kNameLabel] = name;
  bare.name = std::move(name);
  return bare;
}

Namespace Read(const api::Namespace& object) {
  Namespace read = Bare(object.meta.key.name);
  for (const auto& [key, value] : object.meta.labels) read.labels[key] = value;
  read.labels[kNameLabel] = read.name;
  read.sealed = IsSealed(object.meta);
  const auto consent = object.meta.annotations.find(kAllowFrom);
  if (consent != object.meta.annotations.end()) read.consent = consent->second;
  return read;
}

// Each namespace that has an object of this kind, by jumps over the objects of one.
template <typename T>
void AddNames(const std::map<ObjectKey, T>& objects, std::set<std::string>& names) {
  for (auto at = objects.begin(); at != objects.end();) {
    const std::string& ns = at->first.ns;
    names.insert(ns);
    at = objects.lower_bound({ns + '\0', ""});
  }
}

}  // namespace

Tier TierOf(const std::string& ns, const Settings& settings) {
  return settings.priority_namespaces.contains(ns) ? Tier::kPriority : Tier::kNormal;
}

bool IsSealed(const api::Meta& meta) {
  const auto seal = meta.annotations.find(kSealed);
  return seal != meta.annotations.end() && seal->second == "true";
}

Namespaces::Namespaces(const store::Snapshot& snapshot) {
  std::set<std::string> names;
  AddNames(snapshot.pods, names);
  AddNames(snapshot.sessions, names);
  for (const auto& [key, object] : snapshot.namespaces) names.insert(key.name);
  all_.reserve(names.size());
  for (const std::string& name : names) {
    const auto object = snapshot.namespaces.find({"", name});
    all_.push_back(object == snapshot.namespaces.end() ? Bare(name) : Read(object->second));
  }
}

const Namespace& Namespaces::at(std::string_view name) const {
  static const Namespace kUnknown;
  const auto found = std::ranges::lower_bound(all_, name, {}, &Namespace::name);
  return found != all_.end() && found->name == name ? *found : kUnknown;
}

bool Consents(std::string_view consent, std::string_view ns) {
  while (!consent.empty()) {
    const std::size_t comma = consent.find(',');
    const std::string_view entry = Trim(consent.substr(0, comma));
    if (entry == "*" || (!entry.empty() && entry == ns)) return true;
    consent = comma == std::string_view::npos ? std::string_view() : consent.substr(comma + 1);
  }
  return false;
}

Reach FindReach(const std::string& ns, Tier tier, const std::optional<api::Selector>& selector,
                const Namespaces& namespaces) {
  Reach reach;
  for (std::uint32_t i = 0; i < namespaces.all().size(); ++i) {
    const Namespace& one = namespaces.all()[i];
    const bool own = one.name == ns;
    if (selector ? !Matches(*selector, one.labels) : !own) continue;
    if (own || tier == Tier::kPriority || Consents(one.consent, ns)) {
      reach.positions.push_back(i);
    } else {
      ++reach.left_out;
    }
  }
  return reach;
}

bool Allows(const api::AllowedNamespaces& allowed, const std::string& to, const Namespace& from) {
  using From = api::AllowedNamespaces::From;
  if (from.name == to || allowed.from == From::kAll) return true;
  return allowed.from == From::kSelector && Matches(allowed.selector, from.labels);
}

}  // namespace podmirror::compile
