#include "tests/datapath/support/receiver.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

namespace podmirror::testing {
namespace {

constexpr std::size_t kVxlanHeader = 8;
constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIp4 = 20;
constexpr std::size_t kUdp = 8;

std::uint32_t Be32(const Frame& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
}

std::optional<Arrival> ReadLoad(const Frame& bytes, std::size_t at) {
  if (bytes.size() < at + kLoadHeader || std::memcmp(bytes.data() + at, "PmLd", 4) != 0) return std::nullopt;
  return Arrival{.vni = 0, .flow = Be32(bytes, at + 4), .number = Be32(bytes, at + 8), .bytes = bytes.size()};
}

UdpSink OpenSink(const std::string& network_namespace, std::uint16_t port) {
  auto sink = UdpSink::Open(network_namespace, port);
  if (!sink) throw std::runtime_error(Describe(sink.error()));
  return std::move(*sink);
}

std::string Describe(const char* what, std::size_t count, std::uint32_t first, std::uint32_t last) {
  return std::to_string(count) + " " + what + ", from number " + std::to_string(first) + " to " + std::to_string(last) +
         ". ";
}

}  // namespace

Receiver::Receiver(const std::string& network_namespace, std::uint16_t port)
    : copies_(port == kVxlan || port == kOtherVxlan), sink_(OpenSink(network_namespace, port)) {
  thread_ = std::thread([this] { Read(); });
}

Receiver::~Receiver() {
  stop_ = true;
  thread_.join();
}

void Receiver::Read() {
  while (!stop_) {
    const std::vector<Frame> datagrams = sink_.Take(1, std::chrono::milliseconds(50));
    for (const Frame& datagram : datagrams) Take(datagram);
  }
}

void Receiver::Take(const Frame& datagram) {
  std::optional<Arrival> arrival = ReadLoad(datagram, 0);
  if (copies_) {
    if (datagram.size() < kVxlanHeader + kEthernet) return;
    const Frame inner(datagram.begin() + kVxlanHeader, datagram.end());
    arrival = ReadLoad(inner, kEthernet + kIp4 + kUdp);
    if (arrival) arrival->vni = Be32(datagram, 4) >> 8;
  }
  const std::lock_guard lock(mutex_);
  if (arrival) {
    arrivals_.push_back(*arrival);
    ++counts_[arrival->flow];
    std::uint32_t& highest = highest_[arrival->flow];
    highest = std::max(highest, arrival->number + 1);
  } else if (copies_) {
    others_.emplace_back(datagram.begin() + kVxlanHeader, datagram.end());
  }
  news_.notify_all();
}

std::vector<Arrival> Receiver::arrivals() const {
  const std::lock_guard lock(mutex_);
  return arrivals_;
}

std::vector<Frame> Receiver::others() const {
  const std::lock_guard lock(mutex_);
  return others_;
}

std::map<std::uint32_t, int> Receiver::Numbers(std::uint32_t flow, std::uint32_t vni) const {
  const std::lock_guard lock(mutex_);
  std::map<std::uint32_t, int> numbers;
  for (const Arrival& arrival : arrivals_) {
    if (arrival.flow == flow && (vni == 0 || arrival.vni == vni)) ++numbers[arrival.number];
  }
  return numbers;
}

bool Receiver::Await(std::uint32_t flow, std::uint32_t number, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, limit, [&] {
    const auto highest = highest_.find(flow);
    return highest != highest_.end() && highest->second > number;
  });
}

bool Receiver::AwaitCount(std::uint32_t flow, std::size_t count, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, limit, [&] {
    const auto have = counts_.find(flow);
    return have != counts_.end() && have->second >= count;
  });
}

std::string EachOnce(const std::map<std::uint32_t, int>& numbers, std::uint32_t sent) {
  std::string wrong = NoneTwice(numbers);
  std::vector<std::uint32_t> missing;
  for (std::uint32_t number = 0; number < sent; ++number) {
    if (!numbers.contains(number)) missing.push_back(number);
  }
  if (!missing.empty()) wrong += Describe("missing", missing.size(), missing.front(), missing.back());
  if (!numbers.empty() && numbers.rbegin()->first >= sent) wrong += "some were never sent. ";
  return wrong;
}

std::string NoneTwice(const std::map<std::uint32_t, int>& numbers) {
  std::vector<std::uint32_t> twice;
  for (const auto& [number, times] : numbers) {
    if (times > 1) twice.push_back(number);
  }
  return twice.empty() ? "" : Describe("came twice or more", twice.size(), twice.front(), twice.back());
}

}  // namespace podmirror::testing
