// A TCP stream out of a pod, and the reader that says which of its bytes were copied.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "tests/support/wire.h"

namespace podmirror::testing {

inline constexpr std::uint16_t kStreamPort = 9100;

// Sends, at a bounded pace, to a listener of its own in the test's namespace until it is stopped.
class Stream {
 public:
  Stream(const std::string& network_namespace, const std::string& to);
  ~Stream() { Stop(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Bytes that the listener has read in the end.
  std::size_t Stop();

 private:
  Result<void> Send(const std::string& to);

  std::atomic<bool> stop_ = false;
  int listener_ = -1;
  std::size_t received_ = 0;
  std::thread reader_;
  std::thread sender_;
};

// Copies in a collector's namespace, as captured on its eth0.
class StreamReader {
 public:
  StreamReader(const std::string& network_namespace, const std::string& to);

  // "" where the copies hold each of the stream's bytes from the first on, else the first hole.
  std::string MissingOf(std::size_t bytes);

 private:
  Wire wire_;
  std::uint32_t to_be_;
};

}  // namespace podmirror::testing
