// Asks the API server whose a token is, on a few threads: the stream's server must not wait for that.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "operator/app/brain.h"
#include "operator/kube/client.h"
#include "operator/push/server.h"

namespace podmirror::app {

class Doorman {
 public:
  // `ask`: hands on what the API server vouches for; false: nobody answers any more.
  static std::unique_ptr<Doorman> Start(std::shared_ptr<kube::Client> client, std::string audience,
                                        std::function<bool(Question)> ask);
  virtual ~Doorman() = default;  // waits for requests under way: Transport::Shutdown() first

  // Returns at once.
  virtual void Judge(std::string token, std::function<void(Result<push::Agent>)> done) = 0;
};

}  // namespace podmirror::app
