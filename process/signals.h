// SIGTERM and SIGINT as an event. SIGPIPE is ignored.
#pragma once

#include <functional>
#include <memory>

namespace podmirror::process {

// Create it before any other thread: they inherit the blocked signals. `on_stop` is called once, on a thread of its
// own, at the first signal; a second signal ends the process at once.
class Signals {
 public:
  static std::unique_ptr<Signals> Watch(std::function<void()> on_stop);
  virtual ~Signals() = default;
};

}  // namespace podmirror::process
