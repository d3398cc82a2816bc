// Every metric of the operator. Their names are API. May be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace podmirror::metrics {

// What the agents' stream has done since the start.
struct Stream {
  std::uint64_t connected = 0;
  std::uint64_t states_sent = 0;
  std::uint64_t reports = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
  std::uint64_t bytes_sent = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // By kind of watched object ("pods").
  void WatchHeard(const std::string& kind);
  void InSync(const std::string& kind, bool in_sync);
  void Objects(const std::string& kind, std::size_t cached);

  void Compiled(std::chrono::nanoseconds took);
  void Published(std::size_t states);
  void AgentsBehind(std::size_t agents);
  void Waited(std::chrono::nanoseconds in_queue);  // an event, until it was looked at
  void Request(const std::string& verb, int status, std::chrono::nanoseconds took);
  void StatusWritten(bool well);
  void Leading(bool leading);
  void StreamIs(const Stream& stream);

  std::string Text();  // Prometheus text format 0.0.4

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace podmirror::metrics
