// One Lease in memory, with the API server's rules for it; and what can go wrong on the way there.
#pragma once

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/clock.h"
#include "operator/kube/transport.h"

namespace podmirror::testing {

using Json = nlohmann::json;

// A clock that stands still.
class StillClock : public kube::Clock {
 public:
  std::chrono::steady_clock::time_point Now() override { return now; }
  std::chrono::system_clock::time_point Wall() override { return wall; }
  void Pause(std::chrono::milliseconds) override {}
  double Chance() override { return chance; }
  void Interrupt() override {}

  void Pass(std::chrono::milliseconds time) {
    now += time;
    wall += time;
  }

  std::chrono::steady_clock::time_point now{};
  std::chrono::system_clock::time_point wall{};
  double chance = 0;
};

class LeaseServer : public kube::Transport {
 public:
  std::optional<Json> lease;
  std::string created = "2026-11-24T11:00:00Z";  // of a lease that is made now
  std::vector<std::string> requests;             // "GET", "POST", "PUT"
  std::vector<std::chrono::milliseconds> timeouts;
  // Asked before each request; an answer is given instead of the lease's.
  std::function<std::optional<std::expected<kube::Response, kube::TransportError>>(const kube::Request&)> before;
  bool answers_are_lost = false;  // what was asked for is done, and nobody hears of it

  std::expected<kube::Response, kube::TransportError> Roundtrip(const kube::Request& request) override {
    const std::scoped_lock lock(mutex_);
    requests.push_back(request.method);
    timeouts.push_back(request.timeout);
    if (before) {
      if (auto instead = before(request)) return *instead;
    }
    kube::Response response = Handle(request);
    if (answers_are_lost) return std::unexpected(kube::TransportError{kube::TransportError::Kind::kTimeout, "lost"});
    return response;
  }
  std::expected<kube::StreamStart, kube::TransportError> Open(const kube::Request&,
                                                              std::chrono::milliseconds) override {
    return std::unexpected(kube::TransportError{});
  }
  void Shutdown() override {}

  Json spec() const { return lease->at("spec"); }

 private:
  kube::Response Handle(const kube::Request& request) {
    const bool named = request.target.ends_with("/leases/operator");
    if (request.method == "GET" && named) return lease ? Answer(200, *lease) : No(404, "NotFound");
    const Json body = Json::parse(request.body);
    if (request.method == "POST" && !named) {
      if (lease) return No(409, "AlreadyExists");
      return Store(201, body, "uid-" + std::to_string(++uids_), created);
    }
    if (request.method != "PUT" || !named) return No(405, "MethodNotAllowed");
    if (!lease) return No(404, "NotFound");
    const Json& metadata = lease->at("metadata");
    if (body.at("metadata").value("resourceVersion", "") != metadata.at("resourceVersion")) return No(409, "Conflict");
    return Store(200, body, metadata.at("uid"), metadata.at("creationTimestamp"));
  }

  kube::Response Store(int status, Json body, const std::string& uid, const std::string& made) {
    body["metadata"]["uid"] = uid;
    body["metadata"]["creationTimestamp"] = made;
    body["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease = body;
    return Answer(status, body);
  }
  static kube::Response Answer(int status, const Json& body) { return {status, {}, body.dump()}; }
  static kube::Response No(int status, const std::string& reason) {
    return Answer(status, {{"kind", "Status"}, {"code", status}, {"reason", reason}, {"message", reason}});
  }

  std::mutex mutex_;
  int version_ = 0;
  int uids_ = 0;
};

}  // namespace podmirror::testing
