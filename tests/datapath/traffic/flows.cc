#include "tests/datapath/traffic/flows.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "tests/support/wire.h"

namespace podmirror::testing {
namespace {

constexpr int kLimitMs = 10000;
constexpr int kBufferBytes = 32 << 20;
constexpr std::size_t kBatch = 128;  // datagrams between two pumps

std::unexpected<Error> Broken(const std::string& what) { return Fail(what + ": " + std::strerror(errno)); }

struct SocketAddressOf {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

SocketAddressOf At(const std::string& ip, std::uint16_t port) {
  SocketAddressOf address;
  if (ip.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr);
    address.size = sizeof(*v6);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, ip.c_str(), &v4->sin_addr);
    address.size = sizeof(*v4);
  }
  return address;
}

// Closes itself.
class Socket {
 public:
  Socket() = default;
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<void> Open(const std::string& network_namespace, int family, int type, int protocol = 0) {
    return Inside(network_namespace, [&]() -> Result<void> {
      fd_ = socket(family, type | SOCK_CLOEXEC, protocol);
      if (fd_ < 0) return Broken("socket");
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(kBufferBytes));
      setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &kBufferBytes, sizeof(kBufferBytes));
      return {};
    });
  }
  void Own(int fd) { fd_ = fd; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }

  bool Await(short events) const {
    pollfd entry{fd_, events, 0};
    return poll(&entry, 1, kLimitMs) > 0;
  }

 private:
  int fd_ = -1;
};

std::string Pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(PatternAt(i));
  return text;
}

// A server's socket on a free port, and where it is.
Result<SocketAddressOf> Listen(Socket& socket, const Ends& ends, int type) {
  SocketAddressOf address = At(ends.server_ip, 0);
  if (auto opened = socket.Open(ends.server, address.family(), type); !opened) return std::unexpected(opened.error());
  if (bind(socket.fd(), address.get(), address.size) < 0) return Broken("bind " + ends.server_ip);
  if (type == SOCK_STREAM && listen(socket.fd(), 1) < 0) return Broken("listen");
  getsockname(socket.fd(), address.get(), &address.size);
  return address;
}

Result<void> Connect(Socket& socket, const Ends& ends, SocketAddressOf to, int type) {
  SocketAddressOf from = At(ends.client_ip, 0);
  if (auto opened = socket.Open(ends.client, from.family(), type); !opened) return opened;
  if (bind(socket.fd(), from.get(), from.size) < 0) return Broken("bind " + ends.client_ip);
  if (connect(socket.fd(), to.get(), to.size) < 0) return Broken("connect to " + ends.server_ip);
  return {};
}

// `text` from one end of a connection to the other.
Result<void> Carry(const Socket& from, const Socket& to, const std::string& text, const Pump& pump) {
  std::size_t sent = 0;
  std::string got;
  std::array<char, 1 << 18> buffer;
  while (got.size() < text.size()) {
    pollfd fds[] = {{from.fd(), static_cast<short>(sent < text.size() ? POLLOUT : 0), 0}, {to.fd(), POLLIN, 0}};
    if (poll(fds, 2, kLimitMs) <= 0) return Fail("the stream stands still");
    if ((fds[0].revents & POLLOUT) != 0) {
      const ssize_t n = send(from.fd(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return Broken("send");
      sent += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    if ((fds[1].revents & POLLIN) != 0) {
      const ssize_t n = recv(to.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n <= 0) return Broken("recv");
      got.append(buffer.data(), static_cast<std::size_t>(n));
    }
    pump();
  }
  return got == text ? Result<void>() : Fail("the stream did not arrive as it was sent");
}

// Waits for the next datagram and compares it.
Result<void> Expect(const Socket& socket, std::string_view datagram) {
  std::array<char, 65536> buffer;
  if (!socket.Await(POLLIN)) return Fail("a datagram of " + std::to_string(datagram.size()) + " bytes is missing");
  const ssize_t n = recv(socket.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0) return Broken("recv");
  if (std::string_view(buffer.data(), static_cast<std::size_t>(n)) != datagram) {
    return Fail("a datagram of " + std::to_string(datagram.size()) + " bytes did not arrive as it was sent");
  }
  return {};
}

std::uint16_t IcmpChecksum(const Frame& message) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < message.size(); i += 2) {
    sum += message[i] * 256u + (i + 1 < message.size() ? message[i + 1] : 0u);
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Frame EchoRequest(bool v4, std::uint16_t sequence, std::size_t bytes) {
  Frame message = {
      0, 0, 0, 0, 0x42, 0x17, static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence)};
  message[0] = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  for (std::size_t i = 0; i < bytes; ++i) message.push_back(PatternAt(i + sequence));
  if (v4) {  // of ICMPv6 the kernel does it
    const std::uint16_t sum = IcmpChecksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum);
  }
  return message;
}

}  // namespace

Result<void> Stream(const Ends& ends, std::size_t bytes, const Pump& pump) {
  Socket listener, client, server;
  auto at = Listen(listener, ends, SOCK_STREAM);
  if (!at) return std::unexpected(at.error());
  if (auto done = Connect(client, ends, *at, SOCK_STREAM); !done) return done;
  server.Own(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (server.fd() < 0) return Broken("accept");
  const std::string text = Pattern(bytes);
  if (auto done = Carry(client, server, text, pump); !done) return done;
  if (auto done = Carry(server, client, text, pump); !done) return done;
  // Both ends say goodbye while somebody listens.
  shutdown(client.fd(), SHUT_WR);
  char nothing;
  if (!server.Await(POLLIN) || recv(server.fd(), &nothing, 1, 0) != 0) return Fail("the stream does not end");
  shutdown(server.fd(), SHUT_WR);
  if (!client.Await(POLLIN) || recv(client.fd(), &nothing, 1, 0) != 0) return Fail("the stream does not end");
  return {};
}

Result<void> Datagrams(const Ends& ends, const std::vector<std::size_t>& sizes, const Pump& pump) {
  Socket client, server;
  auto at = Listen(server, ends, SOCK_DGRAM);
  if (!at) return std::unexpected(at.error());
  if (auto done = Connect(client, ends, *at, SOCK_DGRAM); !done) return done;
  const std::string text = Pattern(*std::max_element(sizes.begin(), sizes.end()) + sizes.size());
  for (std::size_t i = 0; i < sizes.size(); i += kBatch) {
    const std::size_t end = std::min(i + kBatch, sizes.size());
    for (std::size_t k = i; k < end; ++k) {
      if (send(client.fd(), text.data() + k, sizes[k], 0) < 0) return Broken("send");
    }
    for (std::size_t k = i; k < end; ++k) {
      if (auto done = Expect(server, std::string_view(text).substr(k, sizes[k])); !done) return done;
    }
    pump();
  }
  return {};
}

Result<void> UdpSuperFrame(const Ends& ends, std::size_t bytes, std::size_t segment) {
  Socket client, server;
  auto at = Listen(server, ends, SOCK_DGRAM);
  if (!at) return std::unexpected(at.error());
  if (auto done = Connect(client, ends, *at, SOCK_DGRAM); !done) return done;
  const int size = static_cast<int>(segment);
  if (setsockopt(client.fd(), IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0) return Broken("UDP_SEGMENT");
  const std::string text = Pattern(bytes);
  if (send(client.fd(), text.data(), text.size(), 0) < 0) return Broken("send");
  for (std::size_t i = 0; i < bytes; i += segment) {
    if (auto done = Expect(server, std::string_view(text).substr(i, segment)); !done) return done;
  }
  return {};
}

Result<void> Echo(const Ends& ends, std::uint16_t sequence, std::size_t bytes) {
  SocketAddressOf to = At(ends.server_ip, 0);
  const bool v4 = to.family() == AF_INET;
  Socket client;
  auto opened = client.Open(ends.client, to.family(), SOCK_RAW, v4 ? IPPROTO_ICMP : int{IPPROTO_ICMPV6});
  if (!opened) return opened;
  Frame message = EchoRequest(v4, sequence, bytes);
  if (sendto(client.fd(), message.data(), message.size(), 0, to.get(), to.size) < 0) return Broken("sendto");
  message[0] = v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
  const auto same = [&](const Frame& answer) {
    return answer.size() == message.size() && answer[0] == message[0] &&
           std::equal(answer.begin() + 4, answer.end(), message.begin() + 4);
  };
  Frame buffer(65536);
  while (client.Await(POLLIN)) {
    const ssize_t n = recv(client.fd(), buffer.data(), buffer.size(), 0);
    const std::ptrdiff_t header = v4 ? (buffer[0] & 15) * 4 : 0;
    if (n > header && same(Frame(buffer.begin() + header, buffer.begin() + n))) return {};
  }
  return Fail("no echo of " + std::to_string(bytes) + " bytes from " + ends.server_ip);
}

Result<void> SendDatagram(const std::string& network_namespace, const std::string& ip, std::uint16_t port,
                          std::size_t bytes) {
  SocketAddressOf to = At(ip, port);
  Socket socket;
  if (auto opened = socket.Open(network_namespace, to.family(), SOCK_DGRAM); !opened) return opened;
  const std::string text = Pattern(bytes);
  if (sendto(socket.fd(), text.data(), text.size(), 0, to.get(), to.size) < 0) return Broken("sendto " + ip);
  return {};
}

}  // namespace podmirror::testing
