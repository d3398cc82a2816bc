#include "operator/kube/clock.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include "contract/names.h"

namespace podmirror::kube {
namespace {

class RealClock : public Clock {
 public:
  std::chrono::steady_clock::time_point Now() override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point Wall() override { return std::chrono::system_clock::now(); }
  void Pause(std::chrono::milliseconds pause) override {
    std::unique_lock lock(mutex_);
    interrupted_.wait_for(lock, pause, [this] { return stop_; });
  }
  double Chance() override { return std::uniform_real_distribution<double>(0, 1)(random_); }
  void Interrupt() override {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    interrupted_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable interrupted_;
  bool stop_ = false;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace

std::unique_ptr<Clock> MakeClock() { return std::make_unique<RealClock>(); }

std::string FormatMicroTime(std::chrono::system_clock::time_point time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time - second).count();
  std::string text = FormatInstant(Instant(second));  // "2026-12-01T00:00:00Z"
  std::string decimals = std::to_string(1'000'000 + micros);
  decimals.front() = '.';
  return text.insert(text.size() - 1, decimals);
}

}  // namespace podmirror::kube
