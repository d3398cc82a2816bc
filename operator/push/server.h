// The agents' stream: one WebSocket over TLS per agent (Boost.Beast), on threads of its own. States go down, reports
// come up. For each node the newest state wins; at most one waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "contract/messages.h"
#include "contract/names.h"
#include "contract/result.h"

namespace podmirror::push {

// Who an agent is: from its token, judged by the caller.
struct Agent {
  NodeName node;
  std::string pod_uid;
  Instant expires;  // the stream is closed then
};

// Asks who the bearer of `token` is. Must return at once and call `done` later, from any thread. An Error: 401 (the
// agent sees its text).
using Authenticate = std::function<void(std::string token, std::function<void(Result<Agent>)> done)>;

// Called on the server's threads, one at a time for a node; must be quick.
struct Listener {
  std::function<void(const NodeName&, ReportMessage)> reported;
  std::function<void(const NodeName&, bool)> connected;  // false: no stream of that node is open any more
  // A report that cannot be read, a limit that was reached: for log and metrics. The peer was dropped.
  std::function<void(const NodeName&, const Error&)> misbehaved;
};

struct Settings {
  std::string listen = "[::]:9443";
  std::chrono::milliseconds handshake{10'000};  // TLS, HTTP and authentication together
  std::size_t header_bytes = 8 << 10;
  int connections = 12'000;
  int handshakes_per_second = 300;
  std::chrono::milliseconds ping{10'000};
  std::chrono::milliseconds unresponsive{30'000};  // no pong, or a state not taken for so long: dropped
  std::chrono::milliseconds report_interval{200};  // reports of a peer faster than that make it wait (it is not read)
  int threads = 2;
};

// PEM: the chain to show, and its key.
struct Identity {
  std::string certificates;
  std::string key;

  bool operator==(const Identity&) const = default;
};

struct Counts {
  std::uint64_t connected = 0;
  std::uint64_t states_sent = 0;
  std::uint64_t reports = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
  std::uint64_t bytes_sent = 0;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> Listen(const Settings& settings, const Identity& identity,
                                                Authenticate authenticate, Listener listener);
  virtual ~Server() = default;  // closes all streams, joins

  // From any thread.
  virtual std::uint16_t port() const = 0;
  // Streams are served while we lead; else new ones are answered 503 and open ones closed. States of earlier epochs
  // are forgotten with the lead.
  virtual void Lead(bool leading) = 0;
  // `message`: Encode(StateMessage). A node without a stream gets it when it connects. nullptr: forget the node's.
  virtual void Publish(const NodeName& node, std::shared_ptr<const std::string> message) = 0;
  virtual void UseIdentity(Identity identity) = 0;  // new handshakes use it
  // The pod is gone: its stream is closed.
  virtual void Disconnect(const std::string& pod_uid) = 0;
  virtual Counts counts() const = 0;
};

}  // namespace podmirror::push
