#include "operator/kube/http_exchange.h"

#include <utility>

namespace podmirror::kube {

using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;

bool Registry::Add(const std::shared_ptr<Exchange>& one) {
  const std::lock_guard lock(mutex_);
  if (!closed_) open_[one.get()] = one;
  return !closed_;
}

void Registry::Remove(Exchange* one) {
  const std::lock_guard lock(mutex_);
  open_.erase(one);
}

void Registry::CancelAll() {
  std::vector<std::shared_ptr<Exchange>> all;  // released, and perhaps removed, without the lock
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [pointer, weak] : open_) {
      if (auto one = weak.lock()) all.push_back(std::move(one));
    }
  }
  for (const auto& one : all) one->Cancel();
}

Exchange::Exchange(std::shared_ptr<Registry> registry, std::string server, std::function<void()> abort)
    : registry_(std::move(registry)), server_(std::move(server)), abort_(std::move(abort)) {}

Exchange::~Exchange() { registry_->Remove(this); }

std::expected<Response, TransportError> Exchange::Head(Time until) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, until, [this] { return head_ || fault_ || ended_; })) {
    lock.unlock();
    Stop({Kind::kTimeout, server_ + " has not answered in time"});
    lock.lock();
  }
  if (head_ && !stopped_) return *head_;
  return std::unexpected(fault_.value_or(TransportError{Kind::kMalformed, server_ + " has sent no answer"}));
}

std::expected<std::optional<std::string>, TransportError> Exchange::Take(Time until) {
  return TakeUntil([until] { return until; });
}

std::expected<std::optional<std::string>, TransportError> Exchange::Take(std::chrono::milliseconds idle) {
  return TakeUntil([this, idle] { return heard_ + idle; });
}

template <typename Latest>
std::expected<std::optional<std::string>, TransportError> Exchange::TakeUntil(const Latest& latest) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !pieces_.empty() || fault_ || ended_; };
  while (!ready()) {
    changed_.wait_until(lock, latest());
    if (ready() || Clock::now() < latest()) continue;
    lock.unlock();
    Stop({Kind::kTimeout, "nothing more came from " + server_ + " in time"});
    lock.lock();
  }
  if (fault_ && pieces_.empty()) return std::unexpected(*fault_);
  if (pieces_.empty()) return std::nullopt;
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  queued_ -= piece.size();
  if (queued_ <= kMaxQueuedBytes / 2) Resume(std::move(lock));
  return piece;
}

void Exchange::Stop(TransportError why) {
  std::unique_lock lock(mutex_);
  if (!fault_ && !ended_) fault_ = std::move(why);
  if (fault_) pieces_.clear();
  stopped_ = true;
  changed_.notify_all();
  lock.unlock();
  abort_();
  lock.lock();
  Resume(std::move(lock));
}

void Exchange::Cancel() {
  TransportError cancelled{Kind::kCancelled, "cancelled"};
  {
    const std::lock_guard lock(mutex_);
    fault_ = cancelled;
  }
  Stop(std::move(cancelled));
}

void Exchange::Join() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

bool Exchange::stale() const {
  const std::lock_guard lock(mutex_);
  return stale_;
}

void Exchange::OnHead(Response head) {
  const std::lock_guard lock(mutex_);
  head_ = std::move(head);
  heard_ = Clock::now();
  changed_.notify_all();
}

bool Exchange::OnPiece(std::string_view bytes, std::function<void()> resume) {
  const std::lock_guard lock(mutex_);
  heard_ = Clock::now();
  if (stopped_) return true;
  pieces_.emplace_back(bytes);
  queued_ += bytes.size();
  changed_.notify_all();
  if (queued_ <= kMaxQueuedBytes) return true;
  resume_ = std::move(resume);
  return false;
}

void Exchange::OnEnd(std::optional<TransportError> fault, bool stale) {
  const std::lock_guard lock(mutex_);
  if (!fault_) fault_ = std::move(fault);
  stale_ = stale && !stopped_;
  ended_ = true;
  changed_.notify_all();
}

void Exchange::Resume(std::unique_lock<std::mutex> lock) {
  if (!resume_) return;
  const auto resume = std::exchange(resume_, nullptr);
  heard_ = Clock::now();  // the silence until now was ours
  lock.unlock();
  resume();
}

}  // namespace podmirror::kube
