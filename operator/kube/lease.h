// Who of the operators leads: a coordination.k8s.io/v1 Lease, by client-go's rules (tools/leaderelection). Others'
// times are never believed: a lease has run out when we have not seen it change for its duration, by our own clock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "contract/messages.h"
#include "operator/kube/client.h"

namespace podmirror::kube {

struct LeaseSettings {
  ObjectKey lease;
  std::string identity;  // of this process: pod name and a random part
  std::chrono::milliseconds duration{15'000};
  std::chrono::milliseconds renew_deadline{10'000};
  std::chrono::milliseconds retry{2'000};
};

class Elector {
 public:
  // `changed`: called on the elector's thread: with the epoch when we lead, with nullopt when we no longer do.
  // Of the client only the transport is used: renewing must not wait behind other writes.
  // `trouble`: why the lease cannot be read or written, once each time the reason changes; on the same thread.
  static std::unique_ptr<Elector> Start(std::shared_ptr<Client> client, LeaseSettings settings,
                                        std::function<void(std::optional<Epoch>)> changed,
                                        std::function<void(const Error&)> trouble = nullptr);
  // Gives the lease up where it is ours (before Transport::Shutdown(), or others must wait for it to run out), joins.
  virtual ~Elector() = default;
  // From any thread: do we lead at this moment? False as soon as the renew deadline has passed, even where the
  // elector's thread is stuck.
  virtual bool leading() const = 0;
};

}  // namespace podmirror::kube
