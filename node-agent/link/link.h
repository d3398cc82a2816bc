// The agent's end of the stream to the operator: dials, proves who it is with its ServiceAccount token, takes desired
// states, hands reports up. On a thread of its own (Boost.Beast); dials again for ever, with jitter.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "contract/messages.h"
#include "contract/result.h"

namespace podmirror::link {

struct Settings {
  std::string address;      // "10.96.12.7:9443", "[fd00::7]:9443" or a name and a port
  std::string server_name;  // that the certificate must carry: the Service's DNS name
  std::string ca_file;      // the bundle; read again at each dial; may not exist yet
  std::string token_file;   // read again at each dial
  std::chrono::milliseconds dial_timeout{10'000};
  std::chrono::milliseconds pause{1'000};          // before dialling again: random up to this, doubling ...
  std::chrono::milliseconds longest_pause{1'000};  // ... up to this
  std::chrono::milliseconds silence{20'000};  // no byte for so long (the operator pings each 10 s): the stream is dead
};

struct Listener {
  // On the link's thread; must be quick. Newest wins is the receiver's business.
  std::function<void(StateMessage)> state;
  std::function<void(bool)> connected;
  std::function<void(const Error&)> failed;  // why there is no stream; a repeated reason once
};

class Link {
 public:
  static std::unique_ptr<Link> Start(const Settings& settings, Listener listener);
  virtual ~Link() = default;
  // From any thread; never waits. The newest report wins; it is sent again after each dial.
  virtual void Report(ReportMessage report) = 0;
};

}  // namespace podmirror::link
