// What other threads tell the agent's own: a state (the newest only, however large and however many come), whether the
// stream is open, the wish to stop. Readable as a descriptor, so that one poll() waits for everything.
#pragma once

#include <mutex>
#include <optional>

#include "contract/messages.h"

namespace podmirror::daemon {

class Inbox {
 public:
  struct News {
    std::optional<StateMessage> state;
    bool connected = false;
    bool stop = false;
  };

  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // From any thread.
  void Put(StateMessage state);
  void SetConnected(bool connected);
  void Stop();

  int fd() const { return fd_; }
  News Take();

 private:
  void Wake() const;

  const int fd_;
  std::mutex mutex_;
  News news_;
};

}  // namespace podmirror::daemon
