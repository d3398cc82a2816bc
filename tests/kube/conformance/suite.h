// What any implementation of kube::Transport must do. Give it a factory (see cpprest_test.cc) and it is tried.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "operator/kube/transport.h"
#include "tests/kube/conformance/fault_server.h"

namespace podmirror::kube::conformance {

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Transport>(const ClusterConfig&)> make;

  friend void PrintTo(const Implementation& one, std::ostream* out) { *out << one.name; }
};

inline constexpr std::chrono::milliseconds kLong{20'000};   // never reached where all is well
inline constexpr std::chrono::milliseconds kShort{600};     // to run out
inline constexpr std::chrono::milliseconds kAtOnce{2'000};  // an upper bound for what takes no time, on a busy machine

class Conformance : public testing::TestWithParam<Implementation> {
 protected:
  static const Authority& authority();

  // A server that the configuration below trusts.
  void Serve(FaultServer::Script script, const std::string& address = "127.0.0.1");
  void ServePlain(FaultServer::Script script);
  ClusterConfig Config() const;
  Transport& transport();
  void Reconnect(const ClusterConfig& config) { transport_ = GetParam().make(config); }

  std::expected<Response, TransportError> Get(std::chrono::milliseconds timeout = kLong);
  std::expected<Response, TransportError> Post(const std::string& body);
  std::unique_ptr<Stream> Open(std::chrono::milliseconds idle = kLong);

  // Declare one behind what a script refers to and before the server: that must outlive the server's threads.
  class Ending {
   public:
    explicit Ending(Conformance& test) : test_(test) {}
    ~Ending() {
      test_.transport_.reset();
      test_.server_.reset();
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

   private:
    Conformance& test_;
  };

  std::unique_ptr<FaultServer> server_;
  std::unique_ptr<Transport> transport_;
};

using Kind = TransportError::Kind;

// For messages of failed tests.
std::string Say(const TransportError& error);
template <typename T>
std::string Say(const std::expected<T, TransportError>& result) {
  return result ? "no error" : Say(result.error());
}

template <typename T>
std::optional<Kind> KindOf(const std::expected<T, TransportError>& result) {
  return result ? std::nullopt : std::optional(result.error().kind);
}

// All lines until the end; the test fails where it is not an orderly one.
std::vector<std::string> AllLines(Stream& stream);

std::chrono::milliseconds Took(const std::function<void()>& action);

// Of this process.
int CountFiles();
int CountThreads();
long ResidentKiB();

}  // namespace podmirror::kube::conformance
