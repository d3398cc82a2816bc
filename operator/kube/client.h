// Requests to the API server as its users mean them: limited in rate, retried where that is safe, errors by reason.
// Blocks; may be used from several threads at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "contract/result.h"
#include "operator/kube/transport.h"

namespace podmirror::kube {

// What a request ended in, when not well. `reason` is Status.reason of the API server ("NotFound", "Conflict",
// "AlreadyExists", "Forbidden", "Invalid", "Expired", "TooManyRequests", ...); empty where no answer came.
struct ApiError {
  int status = 0;  // HTTP; 0: no answer
  std::string reason;
  std::string message;
  std::chrono::milliseconds retry_after{0};
  std::optional<TransportError> transport;

  Error ToError(const std::string& where) const;
};

template <typename T>
using ApiResult = std::expected<T, ApiError>;

// Told of every request that ended, for the metrics: verb ("get", "apply"...), HTTP status ("0": no answer).
using Observer = std::function<void(const std::string& verb, int status, std::chrono::nanoseconds took)>;

class Client {
 public:
  struct Limits {
    double per_second = 50;
    int burst = 100;
    int retries = 5;  // at 429 and 5xx with Retry-After, and where it is safe to say a thing twice
  };
  // `may_write`: asked before every write; false: the write is not sent and ends in reason "NotLeading".
  Client(std::shared_ptr<Transport> transport, Limits limits, std::function<bool()> may_write = nullptr,
         Observer observer = nullptr);

  Transport& transport() { return *transport_; }

  // Bodies are JSON texts. `path` as in transport.h, without a query of ours.
  ApiResult<std::string> Get(const std::string& path);
  ApiResult<std::string> Create(const std::string& path, const std::string& body);
  // With metadata.resourceVersion in the body: "Conflict" where somebody was faster.
  ApiResult<std::string> Update(const std::string& path, const std::string& body);
  // Server-side apply, forced, as field manager podmirror-operator.
  ApiResult<std::string> Apply(const std::string& path, const std::string& body);
  ApiResult<std::string> MergePatch(const std::string& path, const std::string& body);
  // A question, not a change (TokenReview, SelfSubjectAccessReview): allowed without leading.
  ApiResult<std::string> Review(const std::string& path, const std::string& body);

 private:
  ApiResult<std::string> Send(const std::string& verb, const Request& request, bool repeatable, bool is_write);

  std::shared_ptr<Transport> transport_;
  Limits limits_;
  std::function<bool()> may_write_;
  Observer observer_;
  struct Bucket;
  std::shared_ptr<Bucket> bucket_;
};

}  // namespace podmirror::kube
