#include "node-agent/pods/local.h"

#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "node-agent/netlink/socket.h"
#include "node-agent/pods/find.h"

namespace podmirror::pods {
namespace {

using netlink::Answer;

// A namespace that has yet to appear, or without CAP_NET_BROADCAST an address in it, tells nobody here. So what is
// missing is looked for again, less and less often while nothing changes.
constexpr std::chrono::milliseconds kAgainFirst{100};
constexpr std::chrono::milliseconds kAgainLast{1600};

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class KernelPods final : public LocalPods {
 public:
  KernelPods(netlink::Socket socket, netlink::Listener listener, Fd timer, Fd any)
      : socket_(std::move(socket)), listener_(std::move(listener)), timer_(std::move(timer)), any_(std::move(any)) {}

  void Follow(std::map<ObjectKey, LocalPlace> places) override;
  int fd() const override { return any_.get(); }
  Result<bool> Process() override;
  const PodLinks& Current() const override { return current_; }

 private:
  Answer<bool> LookAtAll();
  void SetTimer();
  bool DrainTimer() const;

  netlink::Socket socket_;
  netlink::Listener listener_;
  Fd timer_;
  Fd any_;  // readable when one of the two above is
  std::map<ObjectKey, LocalPlace> places_;
  PodLinks current_;
  bool outdated_ = false;  // the last look failed
  std::chrono::milliseconds again_ = kAgainFirst;
};

void KernelPods::Follow(std::map<ObjectKey, LocalPlace> places) {
  if (places == places_) return;
  places_ = std::move(places);
  again_ = kAgainFirst;
  // What fails here is tried again, and told, by Process().
  outdated_ = !LookAtAll();
}

Result<bool> KernelPods::Process() {
  bool concerned = std::exchange(outdated_, false);
  auto lost = listener_.Drain([&](const netlink::Message&) { concerned = true; });
  if (!lost) {
    outdated_ = true;
    return std::unexpected(ToError(lost.error(), "cannot follow interfaces"));
  }
  const bool due = DrainTimer();
  if (!due && !*lost && !concerned) return false;
  again_ = concerned ? kAgainFirst : std::min(again_ * 2, kAgainLast);
  auto changed = LookAtAll();
  if (!changed) {
    outdated_ = true;
    return std::unexpected(ToError(changed.error(), "cannot look for the pods' interfaces"));
  }
  return *changed;
}

Answer<bool> KernelPods::LookAtAll() {
  PodLinks found;
  for (const auto& [pod, place] : places_) {
    auto link = Find(socket_, place);
    if (!link) return std::unexpected(link.error());
    found.emplace(pod, std::move(*link));
  }
  const bool changed = found != current_;
  current_ = std::move(found);
  SetTimer();
  return changed;
}

void KernelPods::SetTimer() {
  const bool missing = std::ranges::any_of(places_, [&](const auto& entry) {
    return !entry.second.network_namespace.empty() && current_.at(entry.first).ifindex == 0;
  });
  itimerspec when{};
  if (missing) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(again_);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(again_ - seconds).count();
  }
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

bool KernelPods::DrainTimer() const {
  std::uint64_t expirations = 0;
  return read(timer_.get(), &expirations, sizeof(expirations)) == sizeof(expirations);
}

bool Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<LocalPods>> LocalPods::Open() {
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
  return std::make_unique<KernelPods>(std::move(*socket), std::move(*listener), std::move(timer), std::move(any));
}

}  // namespace podmirror::pods
