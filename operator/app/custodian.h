// Keeps the operator's certificates: reads the Secret and the ConfigMap, renews them while we lead, and says what the
// stream shall show. On a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "contract/names.h"
#include "operator/kube/client.h"
#include "operator/push/authority.h"

namespace podmirror::app {

struct CustodianSettings {
  ObjectKey secret;
  ObjectKey config_map;
  push::AuthoritySettings authority;
  std::chrono::milliseconds look{30'000};  // others may have written
  std::chrono::milliseconds again{2'000};  // after a failure, and while there is nothing to show
};

class Custodian {
 public:
  // `leading`: may we write? `identity`: on its thread, when there is a new one.
  static std::unique_ptr<Custodian> Start(std::shared_ptr<kube::Client> client, CustodianSettings settings,
                                          std::function<bool()> leading, std::function<void(push::Identity)> identity);
  virtual ~Custodian() = default;  // waits for a request under way: Transport::Shutdown() first
  virtual void Wake() = 0;         // something changed (the lead): look now
};

}  // namespace podmirror::app
