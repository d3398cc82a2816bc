// An HTTP server that does what a test says, byte by byte: real sockets on loopback, TLS or none, one thread for each
// connection.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/kube/conformance/certificates.h"

namespace podmirror::kube::conformance {

struct Asked {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One connection, as its script sees it. Nothing throws; on a connection that is gone writing does nothing.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual int number() const = 0;               // of this connection, from 0
  virtual std::optional<Asked> Read() = 0;      // nullopt: the client has closed
  virtual bool Write(std::string_view) = 0;     // at once, in a segment of its own; false: gone
  virtual void WaitUntilClosed() = 0;           // by the client, or by the server's end
  virtual void Close() = 0;                     // orderly
  virtual void Reset() = 0;                     // RST
  virtual std::string server_name() const = 0;  // SNI; empty: none
};

// Whole answers.
std::string Answer(int status, std::string_view body, std::string_view more_headers = "");
std::string ChunkedHead(int status = 200);
std::string Chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

class FaultServer {
 public:
  using Script = std::function<void(Peer&)>;  // the connection is closed when it returns
  struct Tls {
    Pair pair;
    std::string client_authority;  // PEM; not empty: a client certificate is required
  };

  // `address`: "127.0.0.1" or "::1". Without `tls`: http.
  FaultServer(const std::string& address, std::optional<Tls> tls, Script script);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  std::string url() const;  // "https://[::1]:4711"
  std::uint16_t port() const;
  int connections() const { return connections_; }
  // Waits until `count` connections are over; false: they are not, after a long time.
  bool AwaitClosed(int count);

 private:
  struct Parts;
  void Accept();
  void Serve(int number, int socket);

  const Script script_;
  std::unique_ptr<Parts> parts_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int closed_ = 0;
  bool stopping_ = false;
  std::map<int, int> sockets_;  // by number
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace podmirror::kube::conformance
