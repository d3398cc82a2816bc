// Who receives loads: a collector of VXLAN copies, or the peer that production is meant for. Reads all the time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/datapath/support/load.h"
#include "tests/support/wire.h"

namespace podmirror::testing {

inline constexpr std::uint16_t kVxlan = 4789;
inline constexpr std::uint16_t kOtherVxlan = 4790;
inline constexpr std::uint16_t kProduction = 9000;

// One datagram of a load that has arrived.
struct Arrival {
  std::uint32_t vni = 0;  // of production: 0
  std::uint32_t flow = 0;
  std::uint32_t number = 0;
  std::size_t bytes = 0;  // of the inner frame; of production: of the payload
};

class Receiver {
 public:
  // Ports 4789 and 4790 expect copies, every other port the datagrams themselves.
  Receiver(const std::string& network_namespace, std::uint16_t port);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::vector<Arrival> arrivals() const;
  // How often each number of a flow has come; with a VNI: in copies of that VNI.
  std::map<std::uint32_t, int> Numbers(std::uint32_t flow, std::uint32_t vni = 0) const;
  // Waits until a number of at least `number` of the flow has come.
  bool Await(std::uint32_t flow, std::uint32_t number,
             std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  // Waits until so many datagrams of the flow have come in all.
  bool AwaitCount(std::uint32_t flow, std::size_t count,
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  // Copies of other packets than those of a load: their inner frames.
  std::vector<Frame> others() const;

 private:
  void Read();
  void Take(const Frame& datagram);

  const bool copies_;
  UdpSink sink_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable news_;
  std::vector<Arrival> arrivals_;
  std::map<std::uint32_t, std::size_t> counts_;     // by flow
  std::map<std::uint32_t, std::uint32_t> highest_;  // number, by flow
  std::vector<Frame> others_;
  std::thread thread_;
};

// Every number below `sent` exactly once, and no other: "" or what is wrong.
std::string EachOnce(const std::map<std::uint32_t, int>& numbers, std::uint32_t sent);
// None more than once.
std::string NoneTwice(const std::map<std::uint32_t, int>& numbers);

}  // namespace podmirror::testing
