#include "node-agent/daemon/board.h"

#include <utility>

namespace podmirror::daemon {

void Board::Show(std::shared_ptr<const metrics::Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

std::string Board::Metrics() const {
  std::shared_ptr<const metrics::Snapshot> snapshot;
  {
    const std::lock_guard lock(mutex_);
    snapshot = snapshot_;
  }
  return metrics::ToText(*snapshot);
}

Result<void> Board::Healthy() const {
  if (Clock::now() - alive_.load() <= patience_) return {};
  return Fail("the agent's loop is stuck");
}

Result<void> Board::IsReady() const {
  if (ready_) return {};
  return Fail("the kept state is not applied yet");
}

}  // namespace podmirror::daemon
