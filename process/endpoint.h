// The port for scrapers and probes: GET /metrics, /healthz, /readyz over plain HTTP/1.1, IPv4 and IPv6 (Boost.Beast on
// a thread of its own). Bounded against hostile peers: connections, header size, time for a request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "contract/result.h"

namespace podmirror::process {

// Called on the endpoint's thread: they must be quick and safe there.
struct Answers {
  std::function<std::string()> metrics;   // Prometheus text format 0.0.4
  std::function<Result<void>()> healthy;  // an Error: 503 with its text
  std::function<Result<void>()> ready;
};

class Endpoint {
 public:
  // `listen`: "host:port", "[::]:9090" (both families) or ":9090" (the same). Port 0: any; see port().
  static Result<std::unique_ptr<Endpoint>> Listen(const std::string& listen, Answers answers);
  virtual ~Endpoint() = default;  // stops listening, closes what is open
  virtual std::uint16_t port() const = 0;
};

}  // namespace podmirror::process
