#include "node-agent/daemon/ledger.h"

#include <algorithm>
#include <utility>

namespace podmirror::daemon {

Ledger::Judgement Ledger::Offer(StateMessage message) {
  if (current_.has_value()) {
    if (message.revision < current_->revision) return Judgement::kOlder;
    if (message == *current_) return Judgement::kSame;
  }
  current_ = std::move(message);
  return Judgement::kTaken;
}

void Ledger::Applied(bool whole) {
  if (!current_.has_value()) return;
  applied_ = current_->revision;
  if (whole) whole_ = applied_;
}

std::uint64_t Ledger::lag() const {
  if (!current_.has_value() || whole_ == current_->revision) return 0;
  const bool comparable = whole_.has_value() && whole_->epoch == current_->revision.epoch;
  const std::uint64_t from = comparable ? whole_->number : 0;
  return std::max<std::uint64_t>(current_->revision.number - std::min(from, current_->revision.number), 1);
}

}  // namespace podmirror::daemon
