// How threads hand values over: the only place with a mutex. Many senders, one receiver.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace podmirror::process {

template <typename T>
class Mailbox {
 public:
  // `capacity`: from so many waiting values on, Send() waits: a slow receiver slows its senders down.
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  // False: closed; the value is dropped.
  bool Send(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || values_.size() < capacity_; });
    return Put(std::move(value));
  }

  // Never waits, whatever waits already: for senders that bound themselves (timers, signals, one value per peer).
  bool SendNow(T value) {
    const std::unique_lock lock(mutex_);
    return Put(std::move(value));
  }

  // nullopt: nothing came until `deadline`, or closed and empty.
  std::optional<T> Receive(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    arrived_.wait_until(lock, deadline, [this] { return closed_ || !values_.empty(); });
    if (values_.empty()) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    room_.notify_one();
    return value;
  }

  // Wakes everybody; what waits can still be received.
  void Close() {
    const std::unique_lock lock(mutex_);
    closed_ = true;
    room_.notify_all();
    arrived_.notify_all();
  }

  bool closed() const {
    const std::unique_lock lock(mutex_);
    return closed_;
  }

 private:
  bool Put(T value) {
    if (closed_) return false;
    values_.push_back(std::move(value));
    arrived_.notify_one();
    return true;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable arrived_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace podmirror::process
