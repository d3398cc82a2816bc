// What it takes to tell every node something new: 5,000 agents with a stream each, 20 KB of state for each of them, all
// published in one moment. Server and agents are two processes on the same CPUs. Prints a table; under a minute.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "operator/push/authority.h"
#include "operator/push/server.h"

namespace podmirror::push {
namespace {

using Clock = std::chrono::steady_clock;  // the same in both processes

constexpr int kAgents = 5'000, kRounds = 10;
constexpr std::size_t kState = 20'000, kFrame = kState + 4;  // RFC 6455 section 5.2: four bytes before it
constexpr std::size_t kStamp = 20;                           // digits of nanoseconds at its beginning

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

std::int64_t Now() { return Clock::now().time_since_epoch().count(); }

void RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < kAgents + 100) Die("more open files are needed: ulimit -Hn 6000");
}

// --- the agents' process ---------------------------------------------------------------------------------------------

struct Peer {
  int fd = -1;
  SSL* ssl = nullptr;
  std::size_t received = 0;  // of the message under way
  std::array<char, kStamp + 1> stamp{};
};

void Connect(Peer& peer, SSL_CTX* context, std::uint16_t port, int number) {
  peer.fd = socket(AF_INET6, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  if (connect(peer.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Die("connect");
  peer.ssl = SSL_new(context);
  SSL_set_fd(peer.ssl, peer.fd);
  if (SSL_connect(peer.ssl) != 1) Die("TLS");
  const std::string request =
      "GET /v1/stream HTTP/1.1\r\nHost: operator\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer node-" +
      std::to_string(number) + "\r\n\r\n";
  SSL_write(peer.ssl, request.data(), static_cast<int>(request.size()));
  std::string response;
  while (!response.ends_with("\r\n\r\n")) {
    char byte = 0;
    if (SSL_read(peer.ssl, &byte, 1) != 1) Die("handshake");
    response += byte;
  }
  if (!response.starts_with("HTTP/1.1 101 ")) Die(response.c_str());
  fcntl(peer.fd, F_SETFL, O_NONBLOCK);
}

// Notes how long each whole message took; returns how many there were.
int Take(Peer& peer, std::vector<std::int64_t>& times) {
  static std::array<char, 16 << 10> bytes;
  int messages = 0;
  for (int n = 0; (n = SSL_read(peer.ssl, bytes.data(), bytes.size())) > 0;) {
    for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
      const std::size_t part = std::min(static_cast<std::size_t>(n) - at, kFrame - peer.received);
      for (std::size_t i = 0; i < part && peer.received + i < 4 + kStamp; ++i) {
        if (peer.received + i >= 4) peer.stamp[peer.received + i - 4] = bytes[at + i];
      }
      peer.received += part;
      at += part;
      if (peer.received < kFrame) continue;
      peer.received = 0;
      times.push_back(Now() - std::strtoll(peer.stamp.data(), nullptr, 10));
      ++messages;
    }
  }
  return messages;
}

std::string Milliseconds(std::int64_t nanoseconds) { return std::to_string(nanoseconds / 1'000'000) + " ms"; }

void Row(const std::string& what, const std::string& measured, const char* target, bool reached) {
  std::printf("| %-58s | %10s | %8s | %-7s |\n", what.c_str(), measured.c_str(), target,
              *target == '\0' ? ""
              : reached       ? "reached"
                              : "missed");
  std::fflush(stdout);
}

void ShowTimes(std::vector<std::int64_t> times) {
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  Row("20 KB to each of 5,000 agents, published to received: p50", Milliseconds(at(0.5)), "", true);
  Row("p99", Milliseconds(at(0.99)), "< 250 ms", at(0.99) < 250'000'000);
  Row("longest", Milliseconds(times.back()), "", true);
}

// `in`: the port. `out`: a byte whenever all agents have what was published.
void Agents(int in, int out) {
  RaiseDescriptorLimit();
  std::signal(SIGPIPE, SIG_IGN);
  std::uint16_t port = 0;
  if (read(in, &port, sizeof(port)) != sizeof(port)) Die("port");
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  std::vector<Peer> peers(kAgents);
  std::atomic<int> next = 0;
  std::vector<std::thread> dialers;
  dialers.reserve(8);
  for (int i = 0; i < 8; ++i) {
    dialers.emplace_back([&] {
      for (int n = 0; (n = next++) < kAgents;) Connect(peers[static_cast<std::size_t>(n)], context, port, n);
    });
  }
  for (std::thread& dialer : dialers) dialer.join();
  const int poll = epoll_create1(0);
  for (Peer& peer : peers) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &peer}};
    epoll_ctl(poll, EPOLL_CTL_ADD, peer.fd, &event);
  }
  std::vector<std::int64_t> times;
  for (int round = 0, missing = 0; round <= kRounds; ++round, missing = kAgents) {
    while (missing > 0) {
      std::array<epoll_event, 256> events{};
      const int ready = epoll_wait(poll, events.data(), events.size(), 20'000);
      if (ready <= 0) Die("states do not come");
      for (int i = 0; i < ready; ++i) {
        missing -= Take(*static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr), times);
      }
    }
    if (write(out, "x", 1) != 1) Die("pipe");
  }
  ShowTimes(std::move(times));
}

// --- the server's process --------------------------------------------------------------------------------------------

long ResidentKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

std::string Megabytes(long kib) { return std::to_string(kib / 1024) + " MiB"; }

void AwaitAgents(int in) {
  char byte = 0;
  if (read(in, &byte, 1) != 1) Die("the agents ended");
}

void Serve(const Certificates& certificates, int in, int out) {
  const auto authenticate = [](const std::string& token, const std::function<void(Result<Agent>)>& done) {
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    done(Agent{token, token, now + std::chrono::hours(1)});
  };
  // No pings meanwhile: the agents here count bytes.
  auto server = Server::Listen({.listen = "[::1]:0",
                                .handshakes_per_second = 100'000,
                                .ping = std::chrono::minutes(5),
                                .unresponsive = std::chrono::minutes(10)},
                               IdentityOf(certificates), authenticate, {});
  if (!server) Die(Describe(server.error()).c_str());
  (*server)->Lead(true);
  const long before = ResidentKiB();
  const std::int64_t start = Now();
  const std::uint16_t port = (*server)->port();
  if (write(out, &port, sizeof(port)) != sizeof(port)) Die("pipe");
  AwaitAgents(in);
  const long connected = ResidentKiB();
  std::printf("\n| %-58s | %10s | %8s | %-7s |\n|---|---|---|---|\n", "push", "measured", "target", "verdict");
  Row("5,000 agents connect", Milliseconds(Now() - start), "", true);
  Row("server's memory for 5,000 idle streams", Megabytes(connected - before), "", true);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::shared_ptr<std::string>> states;
    states.reserve(kAgents);
    for (int i = 0; i < kAgents; ++i) states.push_back(std::make_shared<std::string>(kState, 'x'));
    char stamp[kStamp + 1];
    std::snprintf(stamp, sizeof(stamp), "%020lld", static_cast<long long>(Now()));
    for (int i = 0; i < kAgents; ++i) {
      auto& state = states[static_cast<std::size_t>(i)];
      state->replace(0, kStamp, stamp);
      (*server)->Publish("node-" + std::to_string(i), std::move(state));
    }
    AwaitAgents(in);
  }
  Row("server's memory with 100 MB of states", Megabytes(ResidentKiB()), "", true);
}

int Main() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto renewed = Renew({}, now, {.dns_names = {"operator"}});
  if (!renewed) Die(Describe(renewed.error()).c_str());
  int down[2], up[2];
  if (pipe(down) != 0 || pipe(up) != 0) Die("pipe");
  const pid_t child = fork();
  if (child < 0) Die("fork");
  if (child == 0) {
    close(down[1]);
    close(up[0]);
    Agents(down[0], up[1]);
    std::_Exit(0);
  }
  close(down[0]);
  close(up[1]);
  Serve(renewed->certificates, up[0], down[1]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace podmirror::push

int main() { return podmirror::push::Main(); }
