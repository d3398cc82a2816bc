// One request and its answer, between the threads of an HTTP library and the caller's, which blocks. It knows nothing
// of any library. The body waits here as it came: at most kMaxQueuedBytes and one chunk; then the library is told to
// wait, and with it TCP.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/transport.h"

namespace podmirror::kube {

class Exchange;

// Those that a shutdown must end.
class Registry {
 public:
  bool Add(const std::shared_ptr<Exchange>& one);  // false: shut down already
  void Remove(Exchange* one);
  void CancelAll();  // and refuse new ones

 private:
  std::mutex mutex_;
  bool closed_ = false;
  std::map<Exchange*, std::weak_ptr<Exchange>> open_;
};

class Exchange {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `server`: for messages. `abort`: closes the connection; may be called more than once, without any lock held.
  Exchange(std::shared_ptr<Registry> registry, std::string server, std::function<void()> abort);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- the caller's side ---

  // Status and headers.
  std::expected<Response, TransportError> Head(Time until);
  // The next piece of the body; nullopt: it has ended. `idle`: since the last piece, or since we let the server go on.
  std::expected<std::optional<std::string>, TransportError> Take(Time until);
  std::expected<std::optional<std::string>, TransportError> Take(std::chrono::milliseconds idle);
  // From any thread, any number of times; the first reason stands.
  void Stop(TransportError why);
  void Cancel();  // the reason kCancelled stands above all
  // Waits until the library has let go. Only after Head(): before it a name may still be looked up, and nothing ends
  // that.
  void Join();
  // Nothing was sent: the pooled connection was found closed.
  bool stale() const;

  // --- the library's side, on any of its threads; nothing here blocks ---

  void OnHead(Response head);
  // True: read on. False: read on when `resume` is called, once.
  bool OnPiece(std::string_view bytes, std::function<void()> resume);
  // The last call. nullopt: the body has ended as it should.
  void OnEnd(std::optional<TransportError> fault, bool stale = false);

 private:
  template <typename Latest>
  std::expected<std::optional<std::string>, TransportError> TakeUntil(const Latest& latest);
  void Resume(std::unique_lock<std::mutex> lock);

  const std::shared_ptr<Registry> registry_;
  const std::string server_;
  const std::function<void()> abort_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Response> head_;
  std::deque<std::string> pieces_;
  std::size_t queued_ = 0;
  Time heard_ = std::chrono::steady_clock::now();
  std::function<void()> resume_;  // the library waits for it
  std::optional<TransportError> fault_;
  bool stale_ = false;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace podmirror::kube
