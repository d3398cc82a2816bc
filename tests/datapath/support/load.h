// Numbered datagrams: at a steady pace until told to stop, or one by one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/wire.h"

namespace podmirror::testing {

// Payload of each: 4 bytes "PmLd", then flow and number, four bytes each, big end first; then zeros up to `bytes`.
inline constexpr std::size_t kLoadHeader = 12;

struct LoadSpec {
  std::string network_namespace = "";
  std::string to = "";  // IPv4
  std::uint16_t port = 9000;
  std::uint32_t flow = 1;                // the source port is 20000 + flow
  std::size_t bytes = kLoadHeader;       // of the payload
  std::chrono::microseconds every{250};  // 4,000 packets per second
  bool may_break = false;                // the way may vanish: that ends it
  std::uint32_t at_most = 60'000;        // ends by itself
};

class Load {
 public:
  explicit Load(LoadSpec spec);
  ~Load() { Stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // How many were sent so far: numbers 0 to that, exclusive.
  std::uint32_t sent() const { return sent_; }
  // Waits until so many more have been sent; false where the load has ended before.
  bool Await(std::uint32_t more);
  // Waits for the end that `at_most` sets.
  std::uint32_t Finish();
  std::uint32_t Stop();
  std::uint32_t flow() const { return spec_.flow; }

 private:
  Result<void> Run();

  LoadSpec spec_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<std::uint32_t> sent_ = 0;
  std::thread thread_;
};

// One datagram of a load, from a port of its own choice.
struct Shot {
  std::uint16_t from_port = 0;
  std::string to = "";
  std::uint16_t to_port = 0;
  std::uint32_t flow = 0;
  std::uint32_t number = 0;
};
Result<void> SendEach(const std::string& network_namespace, const std::vector<Shot>& shots);

}  // namespace podmirror::testing
