#include "operator/app/in_sync.h"

#include <iterator>
#include <utility>

namespace podmirror::app {

void InSync::Listed(kube::Kind kind, bool something_is_missing, Clock::time_point now) {
  listed_.insert(kind);
  lost_.erase(kind);
  const bool waits = !asked_.empty();
  Heard(kind);
  if (!something_is_missing || waits) return;
  asked_.insert(std::begin(kube::kAllKinds), std::end(kube::kAllKinds));
  asked_.erase(kind);
  hold_until_ = now + kPatience;
}

void InSync::Heard(kube::Kind kind) {
  unheard_.erase(kind);
  asked_.erase(kind);
  if (asked_.empty()) hold_until_.reset();
}

void InSync::Lost(kube::Kind kind, Error why) { lost_.insert_or_assign(kind, std::move(why)); }

void InSync::Unheard(kube::Kind kind, Error why) { unheard_.insert_or_assign(kind, std::move(why)); }

std::optional<Error> InSync::Missing() const {
  if (!lost_.empty()) return lost_.begin()->second;
  if (!unheard_.empty()) return unheard_.begin()->second;
  for (const kube::Kind kind : kube::kAllKinds) {
    if (!listed_.contains(kind)) {
      return Error{"not listed yet", std::string(kube::NameOf(kind)), "see the log for what keeps it"};
    }
  }
  return std::nullopt;
}

void InSync::Pass(Clock::time_point now) {
  if (!hold_until_ || now < *hold_until_) return;
  hold_until_.reset();
  asked_.clear();
}

}  // namespace podmirror::app
