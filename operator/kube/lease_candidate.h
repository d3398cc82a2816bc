// One of those who want the lease: its rounds, one request after the other. client-go's tryAcquireOrRenew.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "contract/messages.h"
#include "operator/kube/clock.h"
#include "operator/kube/lease.h"
#include "operator/kube/transport.h"

namespace podmirror::kube {

// What is read of a Lease.
struct LeaseRecord {
  std::string holder;
  std::chrono::seconds duration{0};
  std::int64_t transitions = 0;
  std::string renewed;  // spec.renewTime, spec.acquireTime: kept and compared, never believed
  std::string acquired;
  std::string uid;
  std::string resource_version;
  Instant created;

  // Two records with the same answer: nobody has renewed in between.
  auto Seen() const { return std::tie(uid, holder, duration, transitions, renewed, acquired); }
};

class Candidate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Candidate(Transport& transport, LeaseSettings settings, Clock& clock,
            std::function<void(std::optional<Epoch>)> changed, std::function<void(const Error&)> trouble);

  // From any thread.
  bool leading() const { return clock_.Now().time_since_epoch().count() < lead_until_; }

  // Tries to get the lease or to keep it. Returns how long to wait before the next round.
  std::chrono::milliseconds Round();
  // Gives it up where it is ours. No round after that.
  void Release();

 private:
  void Try();
  void Create(Time sent);
  void Write(Time sent, const LeaseRecord& seen);
  std::optional<Response> Send(const Request& request);
  bool HeldByAnother(const LeaseRecord& record) const;
  std::string Body(const LeaseRecord* seen, bool taken) const;
  void Lead(const Response& response, Time sent);
  void Lose();
  void Complain(const std::string& what, int status);

  Transport& transport_;
  const LeaseSettings settings_;
  Clock& clock_;
  const std::function<void(std::optional<Epoch>)> changed_;
  const std::function<void(const Error&)> trouble_;
  const std::string collection_;

  std::optional<LeaseRecord> seen_;
  Time seen_since_{};          // when seen_ was first seen
  std::optional<Epoch> told_;  // what `changed` was told last
  std::atomic<Time::rep> lead_until_ = Time::min().time_since_epoch().count();
  std::optional<Error> complained_;
};

}  // namespace podmirror::kube
