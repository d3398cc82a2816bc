// When to act on a stream of events: at once after a quiet time, else when it is quiet again, and never later than
// `longest` after the first event that waits. Pure: it is told what time it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace podmirror::app {

using Clock = std::chrono::steady_clock;

class Debounce {
 public:
  Debounce(std::chrono::milliseconds quiet, std::chrono::milliseconds longest) : quiet_(quiet), longest_(longest) {}

  void Note(Clock::time_point now) {
    const bool was_quiet = !last_ || now - *last_ >= quiet_;
    last_ = now;
    if (!first_) {
      first_ = now;
      due_ = was_quiet ? now : now + quiet_;
    } else if (*due_ > *first_) {
      due_ = std::min(now + quiet_, *first_ + longest_);
    }
  }

  // nullopt: nothing waits.
  std::optional<Clock::time_point> due() const { return due_; }
  bool IsDue(Clock::time_point now) const { return due_ && *due_ <= now; }

  void Done() {
    first_.reset();
    due_.reset();
  }

 private:
  const std::chrono::milliseconds quiet_;
  const std::chrono::milliseconds longest_;
  std::optional<Clock::time_point> last_;   // event, acted upon or not
  std::optional<Clock::time_point> first_;  // that waits
  std::optional<Clock::time_point> due_;
};

}  // namespace podmirror::app
