// Looks for interfaces again whenever something has happened that may concern them.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "contract/result.h"
#include "node-agent/netlink/socket.h"
#include "node-agent/pods/pods.h"

namespace podmirror::pods {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd();
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Looked {
  PodLinks links;
  bool missing = false;  // something that may come without any event: look again after a while
};

class Follower {
 public:
  using Look = std::function<netlink::Answer<Looked>(netlink::Socket&)>;

  static Result<Follower> Open();

  // Looks at once. What fails is tried again, and told, by Process().
  void Follow(Look look);
  int fd() const { return any_.get(); }
  Result<bool> Process();  // true where Current() has changed
  const PodLinks& Current() const { return current_; }

 private:
  Follower(netlink::Socket socket, netlink::Listener listener, Fd timer, Fd any)
      : socket_(std::move(socket)), listener_(std::move(listener)), timer_(std::move(timer)), any_(std::move(any)) {}

  netlink::Answer<bool> LookAtAll();
  void SetTimer(bool missing);
  bool DrainTimer() const;

  netlink::Socket socket_;
  netlink::Listener listener_;
  Fd timer_;
  Fd any_;  // readable when one of the two above is
  Look look_;
  PodLinks current_;
  bool outdated_ = false;  // the last look failed
  std::chrono::milliseconds again_{};
};

}  // namespace podmirror::pods
