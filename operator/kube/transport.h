// HTTP as the rest of the room sees it. One implementation, in transport_cpprest.cc; tests/kube/conformance says what
// any implementation must do. Calls block; each may be used from several threads at once. Nothing throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "contract/result.h"
#include "operator/kube/config.h"

namespace podmirror::kube {

using Headers = std::map<std::string, std::string>;  // names in lower case

struct Request {
  std::string method = "GET";
  std::string target;  // path and query, percent-encoded: "/api/v1/pods?limit=500"
  std::string content_type;
  std::string accept = "application/json";
  std::string body;
  std::chrono::milliseconds timeout{30'000};  // of the whole exchange; of a stream: until its headers
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  // at most kMaxResponseBytes
};

struct TransportError {
  enum class Kind : std::uint8_t {
    kUnreachable,  // no connection, name not resolved, connection lost
    kTls,          // the server's certificate is not trusted, or ours was refused
    kTimeout,      // no answer in time; of a stream: nothing came for its idle time
    kCancelled,
    kTooLarge,   // a body or line beyond its limit
    kMalformed,  // not HTTP
  };
  Kind kind = Kind::kUnreachable;
  std::string what;
};

inline constexpr std::size_t kMaxResponseBytes = 64 << 20;
inline constexpr std::size_t kMaxLineBytes = 8 << 20;
inline constexpr std::size_t kMaxQueuedBytes = 4 << 20;  // of a stream, received and not taken; then TCP waits

// The body of an answer, line by line. One thread reads; Cancel() may come from any.
class Stream {
 public:
  virtual ~Stream() = default;  // cancels, and waits until nothing of it runs any more
  // The next line without its newline. nullopt: the body has ended as HTTP says it ends.
  virtual std::expected<std::optional<std::string>, TransportError> Next() = 0;
  virtual void Cancel() = 0;  // Next() returns kCancelled, now and later
};

struct StreamStart {
  Response head;                   // with the body where the status is not 200, else without
  std::unique_ptr<Stream> stream;  // nullptr where the status is not 200
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::expected<Response, TransportError> Roundtrip(const Request& request) = 0;
  // `idle`: longest silence between two pieces of the body.
  virtual std::expected<StreamStart, TransportError> Open(const Request& request, std::chrono::milliseconds idle) = 0;
  // Everything that waits returns kCancelled, now and later. For a shutdown.
  virtual void Shutdown() = 0;
  // For those who wait before they ask again: false, and at once, when shut down.
  virtual bool Pause(std::chrono::milliseconds duration) {
    std::this_thread::sleep_for(duration);
    return true;
  }
};

// Server, trust and credentials from `config`; files are read again when they have changed.
std::unique_ptr<Transport> MakeTransport(const ClusterConfig& config);

}  // namespace podmirror::kube
