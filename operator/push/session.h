// One connection: TLS, the HTTP request, the token, then the stream until either side ends it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "operator/push/registry.h"
#include "operator/push/server.h"
#include "operator/push/tls_stream.h"

namespace podmirror::push {

// The caller of Authenticate may call back when the server has long been gone.
class Gate {
 public:
  template <typename Function>
  void Enter(Function function) {
    const std::scoped_lock lock(mutex_);
    if (open_) function();
  }
  void Shut() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
};

// What the server's connections share. Outlives them.
struct Shared {
  Shared(Settings settings_in, Authenticate authenticate_in, Listener listener)
      : settings(std::move(settings_in)), authenticate(std::move(authenticate_in)), registry(std::move(listener)) {}

  const Settings settings;
  const Authenticate authenticate;
  Registry registry;
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::atomic<int> connections = 0;
  std::atomic<std::uint64_t> states_sent = 0;
  std::atomic<std::uint64_t> reports = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> dropped = 0;
  std::atomic<std::uint64_t> bytes_sent = 0;
};

// Lives from here on as long as its connection.
void Serve(Shared& shared, Socket socket, const TlsContext& context);

}  // namespace podmirror::push
