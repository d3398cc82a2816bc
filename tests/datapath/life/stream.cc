#include "tests/datapath/life/stream.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace podmirror::testing {
namespace {

constexpr std::size_t kChunk = 8192;
constexpr std::chrono::milliseconds kEvery{4};  // about 2 MB per second
constexpr std::size_t kOuter = 50;
constexpr std::size_t kIp = kOuter + 14;

sockaddr_in At(const std::string& ip) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kStreamPort);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

struct Segment {
  std::uint32_t begin;
  std::uint32_t length;
  bool syn;
};

// Of a captured VXLAN frame that holds a TCP segment to the listener.
std::optional<Segment> ReadSegment(const Frame& frame, std::uint32_t to_be) {
  if (frame.size() < kIp + 40 || frame[kIp] != 0x45 || frame[kIp + 9] != IPPROTO_TCP) return std::nullopt;
  if (std::memcmp(&frame[kIp + 16], &to_be, 4) != 0) return std::nullopt;
  tcphdr tcp;
  std::memcpy(&tcp, &frame[kIp + 20], sizeof(tcp));
  if (ntohs(tcp.dest) != kStreamPort) return std::nullopt;
  const std::uint32_t total = frame[kIp + 2] << 8 | frame[kIp + 3];
  return Segment{.begin = ntohl(tcp.seq), .length = total - 20 - tcp.doff * 4u, .syn = tcp.syn != 0};
}

}  // namespace

Stream::Stream(const std::string& network_namespace, const std::string& to) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in here = At(to);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof(here)), 0) << std::strerror(errno);
  EXPECT_EQ(listen(listener_, 1), 0);
  reader_ = std::thread([this] {
    const int peer = accept(listener_, nullptr, nullptr);
    std::vector<char> buffer(1 << 16);
    for (ssize_t n; (n = recv(peer, buffer.data(), buffer.size(), 0)) > 0;) received_ += static_cast<std::size_t>(n);
    close(peer);
  });
  sender_ = std::thread([this, network_namespace, to] {
    const auto done = Inside(network_namespace, [this, to] { return Send(to); });
    EXPECT_TRUE(done) << Describe(done.error());
  });
}

Result<void> Stream::Send(const std::string& to) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in there = At(to);
  Result<void> result;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) != 0) {
    shutdown(listener_, SHUT_RDWR);  // the reader waits in vain
    result = Fail(std::string("connect: ") + std::strerror(errno));
  }
  const std::vector<char> chunk(kChunk, 'x');
  auto due = std::chrono::steady_clock::now();
  while (result && !stop_) {
    if (send(fd, chunk.data(), chunk.size(), MSG_NOSIGNAL) < 0) result = Fail(std::string("send: ") + strerror(errno));
    due += kEvery;
    std::this_thread::sleep_until(due);  // the pace
  }
  close(fd);
  return result;
}

std::size_t Stream::Stop() {
  stop_ = true;
  if (sender_.joinable()) sender_.join();
  if (reader_.joinable()) reader_.join();
  if (listener_ >= 0) close(std::exchange(listener_, -1));
  return received_;
}

StreamReader::StreamReader(const std::string& network_namespace, const std::string& to)
    : wire_(Wire::Open(network_namespace, "eth0").value()), to_be_(inet_addr(to.c_str())) {}

std::string StreamReader::MissingOf(std::size_t bytes) {
  std::optional<std::uint32_t> first;               // sequence number of the first byte
  std::map<std::uint32_t, std::uint32_t> segments;  // length by begin, counted from the first byte
  std::size_t covered = 0;
  const auto see = [&](const Frame& frame) {
    const auto segment = ReadSegment(frame, to_be_);
    if (!segment) return false;
    if (segment->syn) first = segment->begin + 1;
    if (segment->syn || !first) return false;
    std::uint32_t& length = segments[segment->begin - *first];
    length = std::max(length, segment->length);
    for (auto at = segments.begin(); at != segments.end() && at->first <= covered; at = segments.erase(at)) {
      covered = std::max<std::size_t>(covered, at->first + std::size_t{at->second});
    }
    return covered >= bytes;
  };
  wire_.Take(1, std::chrono::seconds(10), see);
  if (wire_.Dropped() != 0) return "the capture lost frames";
  if (!first) return "the stream's begin";
  return covered >= bytes ? "" : "byte " + std::to_string(covered) + " of " + std::to_string(bytes);
}

}  // namespace podmirror::testing
