#include "tests/bench/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/bench/hooks.h"

namespace podmirror::bench {
namespace {

constexpr std::uint16_t kUdpPort = 9999, kTcpPort = 9998;
constexpr int kDatagram = 64, kCallsOfBatch = 16, kDatagramsOfCall = 64;
constexpr std::size_t kTcpBatch = 8 << 20, kWrite = 128 << 10, kRead = 256 << 10;
constexpr int kWarmUp = 2;  // batches that are not counted

using Clock = std::chrono::steady_clock;

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

double Nanoseconds(Clock::duration duration) { return std::chrono::duration<double, std::nano>(duration).count(); }

sockaddr_in At(const std::string& address, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  return at;
}

void Check(int result, const char* what) {
  if (result < 0) Die(std::string(what) + ": " + std::strerror(errno));
}

int Connected(int type, const sockaddr_in& to) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  Check(fd, "socket");
  Check(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), "connect");
  return fd;
}

int Listening(const sockaddr_in& at) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Check(fd, "socket");
  Check(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), "bind");
  Check(listen(fd, 1), "listen");
  return fd;
}

void SendAll(int fd, std::size_t bytes) {
  static std::array<char, kWrite> buffer{};
  while (bytes > 0) {
    const ssize_t sent = send(fd, buffer.data(), std::min(bytes, buffer.size()), MSG_NOSIGNAL);
    Check(static_cast<int>(sent), "send");
    bytes -= static_cast<std::size_t>(sent);
  }
}

// Nanoseconds a byte, batch by batch.
std::vector<double> ReceiveBatches(int fd, int batches) {
  std::vector<char> buffer(kRead);
  std::vector<double> times;
  auto start = Clock::now();
  for (int batch = 0; batch < batches; ++batch) {
    for (std::size_t left = kTcpBatch; left > 0;) {
      const ssize_t got = recv(fd, buffer.data(), std::min(left, buffer.size()), 0);
      if (got <= 0) Die("the connection ended");
      left -= static_cast<std::size_t>(got);
    }
    const auto now = Clock::now();
    if (batch >= kWarmUp) times.push_back(Nanoseconds(now - start) / kTcpBatch);
    start = now;
  }
  return times;
}

}  // namespace

bool OwnCpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  Check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
  const sched_param priority{.sched_priority = 10};
  return sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
}

Traffic::Traffic(std::string sender, std::string receiver, std::string address)
    : sender_(std::move(sender)), receiver_(std::move(receiver)), address_(std::move(address)) {
  int listening;
  {
    const InNamespace there(receiver_);
    listening = Listening(At(address_, kTcpPort));
  }
  {
    const InNamespace there(sender_);
    udp_ = Connected(SOCK_DGRAM, At(address_, kUdpPort));
    const int room = 8 << 20;
    Check(setsockopt(udp_, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)), "SO_SNDBUFFORCE");
    tcp_out_ = Connected(SOCK_STREAM, At(address_, kTcpPort));
  }
  tcp_in_ = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  Check(tcp_in_, "accept");
  close(listening);
}

Traffic::~Traffic() {
  for (const int fd : {udp_, tcp_out_, tcp_in_}) close(fd);
}

double Traffic::Udp(int batches) {
  std::array<char, kDatagram> payload{};
  iovec piece{payload.data(), payload.size()};
  std::array<mmsghdr, kDatagramsOfCall> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &piece;
    message.msg_hdr.msg_iovlen = 1;
  }
  std::vector<double> times;
  for (int batch = -kWarmUp; batch < batches; ++batch) {
    const auto start = Clock::now();
    int sent = 0;
    for (int call = 0; call < kCallsOfBatch; ++call) {
      const int done = sendmmsg(udp_, messages.data(), messages.size(), 0);
      Check(done, "sendmmsg");
      sent += done;
    }
    if (batch >= 0) times.push_back(Nanoseconds(Clock::now() - start) / sent);
  }
  return Median(std::move(times));
}

double Traffic::Tcp(int batches) {
  batches += kWarmUp;
  std::vector<double> times;
  std::thread receiver([&] { times = ReceiveBatches(tcp_in_, batches); });  // on the same CPU: it inherits that
  SendAll(tcp_out_, batches * kTcpBatch);
  receiver.join();
  return Median(std::move(times));
}

}  // namespace podmirror::bench
