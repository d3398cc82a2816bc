// What the port for scrapers and probes shows: made by the agent's thread, read by the port's. Nobody waits for a look
// at the kernel.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "contract/result.h"
#include "node-agent/metrics/text.h"

namespace podmirror::daemon {

class Board {
 public:
  using Clock = std::chrono::steady_clock;

  // `patience`: a loop that has not come round for so long is stuck.
  explicit Board(std::chrono::milliseconds patience) : patience_(patience) {}

  void Show(std::shared_ptr<const metrics::Snapshot> snapshot);
  void Alive() { alive_ = Clock::now(); }
  void Ready() { ready_ = true; }

  std::string Metrics() const;
  Result<void> Healthy() const;
  Result<void> IsReady() const;

 private:
  const std::chrono::milliseconds patience_;
  std::atomic<Clock::time_point> alive_ = Clock::now();
  std::atomic<bool> ready_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const metrics::Snapshot> snapshot_ = std::make_shared<const metrics::Snapshot>();
};

}  // namespace podmirror::daemon
