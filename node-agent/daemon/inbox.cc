#include "node-agent/daemon/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace podmirror::daemon {

Inbox::Inbox() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Inbox::~Inbox() { close(fd_); }

// The newest by revision, not by arrival: what comes from a deposed leader must not hide what came before.
void Inbox::Put(StateMessage state) {
  {
    const std::lock_guard lock(mutex_);
    if (!news_.state.has_value() || news_.state->revision <= state.revision) news_.state = std::move(state);
  }
  Wake();
}

void Inbox::SetConnected(bool connected) {
  {
    const std::lock_guard lock(mutex_);
    news_.connected = connected;
  }
  Wake();
}

void Inbox::Stop() {
  {
    const std::lock_guard lock(mutex_);
    news_.stop = true;
  }
  Wake();
}

Inbox::News Inbox::Take() {
  std::uint64_t count = 0;
  (void)!read(fd_, &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  News news = news_;
  news_.state.reset();
  return news;
}

void Inbox::Wake() const {
  const std::uint64_t one = 1;
  (void)!write(fd_, &one, sizeof(one));
}

}  // namespace podmirror::daemon
