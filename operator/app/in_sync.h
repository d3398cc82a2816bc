// The in-sync rule: nothing is decided on half of what there is. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "contract/result.h"
#include "operator/app/debounce.h"
#include "operator/kube/reflector.h"

namespace podmirror::app {

// Decisions wait while a kind has not been listed, cannot be listed, or is not heard. They also wait a moment after a
// new list in which something is missing: a server that lost its data shows empty lists of one kind before the others
// are known to be gone, so each other kind must be heard once more, or stay silent for `patience`.
class InSync {
 public:
  static constexpr std::chrono::seconds kPatience{5};

  void Listed(kube::Kind kind, bool something_is_missing, Clock::time_point now);
  void Heard(kube::Kind kind);
  void Lost(kube::Kind kind, Error why);     // it cannot be listed: only Listed() ends that
  void Unheard(kube::Kind kind, Error why);  // Heard() and Listed() end that

  bool IsInSync(Clock::time_point now) const { return !Missing() && !(hold_until_ && now < *hold_until_); }
  bool IsListed(kube::Kind kind) const { return listed_.contains(kind) && !lost_.contains(kind); }
  // Why decisions wait, the first reason; nullopt: they do not (but for the moment after a list).
  std::optional<Error> Missing() const;
  // When to look again; nullopt: when something is told.
  std::optional<Clock::time_point> due() const { return hold_until_; }
  void Pass(Clock::time_point now);  // forgets a moment that is over

 private:
  std::set<kube::Kind> listed_;
  std::map<kube::Kind, Error> lost_;
  std::map<kube::Kind, Error> unheard_;
  std::set<kube::Kind> asked_;  // not heard since a list in which something was missing
  std::optional<Clock::time_point> hold_until_;
};

}  // namespace podmirror::app
