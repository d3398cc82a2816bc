// Waits that end: tests await events with a limit, and fail where it passes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace podmirror::testing {

inline constexpr std::chrono::seconds kPatience{20};

// A value that threads change and await.
template <typename T>
class Watched {
 public:
  void Change(const std::function<void(T&)>& change) {
    const std::scoped_lock lock(mutex_);
    change(value_);
    changed_.notify_all();
  }
  // False: it never came so far.
  bool Await(const std::function<bool(const T&)>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return wanted(value_); });
  }
  T Get() {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

}  // namespace podmirror::testing
