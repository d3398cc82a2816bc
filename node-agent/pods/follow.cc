#include "node-agent/pods/follow.h"

#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace podmirror::pods {
namespace {

using netlink::Answer;

// A namespace that has yet to appear, or without CAP_NET_BROADCAST an address in it, tells nobody here. So what is
// missing is looked for again, less and less often while nothing changes.
constexpr std::chrono::milliseconds kAgainFirst{100};
constexpr std::chrono::milliseconds kAgainLast{1600};

bool Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Result<Follower> Follower::Open() {
  auto socket = netlink::Socket::Open();
  if (!socket) return std::unexpected(socket.error());
  // Addresses inside the pods' namespaces count too.
  auto listener =
      netlink::Listener::Open({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR}, netlink::Hears::kAllNamespaces);
  if (!listener) return std::unexpected(listener.error());
  Fd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  Fd any(epoll_create1(EPOLL_CLOEXEC));
  if (timer.get() < 0 || any.get() < 0 || !Watch(any.get(), timer.get()) || !Watch(any.get(), listener->fd())) {
    return Fail(std::string("cannot watch for the pods' interfaces: ") + std::strerror(errno));
  }
  return Follower(std::move(*socket), std::move(*listener), std::move(timer), std::move(any));
}

void Follower::Follow(Look look) {
  look_ = std::move(look);
  again_ = kAgainFirst;
  outdated_ = !LookAtAll();
}

Result<bool> Follower::Process() {
  bool concerned = std::exchange(outdated_, false);
  auto lost = listener_.Drain([&](const netlink::Message&) { concerned = true; });
  if (!lost) {
    outdated_ = true;
    return std::unexpected(ToError(lost.error(), "cannot follow interfaces"));
  }
  const bool due = DrainTimer();
  if (!look_ || (!due && !*lost && !concerned)) return false;
  again_ = concerned ? kAgainFirst : std::min(again_ * 2, kAgainLast);
  auto changed = LookAtAll();
  if (!changed) {
    outdated_ = true;
    return std::unexpected(ToError(changed.error(), "cannot look for the pods' interfaces"));
  }
  return *changed;
}

Answer<bool> Follower::LookAtAll() {
  auto looked = look_(socket_);
  if (!looked) return std::unexpected(looked.error());
  const bool changed = looked->links != current_;
  current_ = std::move(looked->links);
  SetTimer(looked->missing);
  return changed;
}

void Follower::SetTimer(bool missing) {
  itimerspec when{};
  if (missing) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(again_);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(again_ - seconds).count();
  }
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

bool Follower::DrainTimer() const {
  std::uint64_t expirations = 0;
  return read(timer_.get(), &expirations, sizeof(expirations)) == sizeof(expirations);
}

}  // namespace podmirror::pods
