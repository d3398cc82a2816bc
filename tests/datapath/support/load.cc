#include "tests/datapath/support/load.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace podmirror::testing {
namespace {

constexpr std::uint16_t kFirstSourcePort = 20000;

sockaddr_in At(const std::string& ip, std::uint32_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (!ip.empty()) inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

void Put(Frame& payload, std::size_t at, std::uint32_t value) {
  value = htonl(value);
  std::memcpy(payload.data() + at, &value, sizeof(value));
}

Frame Payload(std::uint32_t flow, std::size_t bytes) {
  Frame payload(bytes);
  std::memcpy(payload.data(), "PmLd", 4);
  Put(payload, 4, flow);
  return payload;
}

Result<void> Send(int fd, const Frame& payload, const sockaddr_in& to) {
  const auto* address = reinterpret_cast<const sockaddr*>(&to);
  if (sendto(fd, payload.data(), payload.size(), 0, address, sizeof(to)) >= 0) return {};
  return Fail(std::string("sendto: ") + std::strerror(errno));
}

Result<void> SendOne(const Shot& shot) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in from = At("", shot.from_port);
  Frame payload = Payload(shot.flow, kLoadHeader);
  Put(payload, 8, shot.number);
  Result<void> result;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0) {
    result = Fail("bind port " + std::to_string(shot.from_port));
  } else {
    result = Send(fd, payload, At(shot.to, shot.to_port));
  }
  close(fd);
  return result;
}

}  // namespace

Load::Load(LoadSpec spec) : spec_(std::move(spec)) {
  thread_ = std::thread([this] {
    const auto done = Inside(spec_.network_namespace, [this] { return Run(); });
    if (!done && !spec_.may_break) ADD_FAILURE() << Describe(done.error());
    ended_ = true;
  });
}

Result<void> Load::Run() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in from = At("", kFirstSourcePort + spec_.flow);
  const sockaddr_in to = At(spec_.to, spec_.port);
  Frame payload = Payload(spec_.flow, spec_.bytes);
  Result<void> result;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0) result = Fail("bind the load");
  auto due = std::chrono::steady_clock::now();
  while (result && !stop_ && sent_ < spec_.at_most) {
    Put(payload, 8, sent_);
    result = Send(fd, payload, to);
    if (!result) break;
    ++sent_;
    // Whoever was held up does not make up for it: a burst would be no steady pace.
    due = std::max(due + spec_.every, std::chrono::steady_clock::now());
    std::this_thread::sleep_until(due);  // the pace
  }
  close(fd);
  return result;
}

bool Load::Await(std::uint32_t more) {
  const std::uint32_t until = sent_ + more;
  while (sent_ < until && !ended_) poll(nullptr, 0, 2);
  return sent_ >= until;
}

std::uint32_t Load::Finish() {
  if (thread_.joinable()) thread_.join();
  return sent_;
}

std::uint32_t Load::Stop() {
  stop_ = true;
  return Finish();
}

Result<void> SendEach(const std::string& network_namespace, const std::vector<Shot>& shots) {
  return Inside(network_namespace, [&]() -> Result<void> {
    for (const Shot& shot : shots) {
      if (auto sent = SendOne(shot); !sent) return sent;
    }
    return {};
  });
}

}  // namespace podmirror::testing
