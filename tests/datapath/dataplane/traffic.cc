#include "tests/datapath/dataplane/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace podmirror::testing {
namespace {

std::unexpected<Error> Broken(const char* what) { return Fail(std::string(what) + ": " + std::strerror(errno)); }

sockaddr_in At(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

template <typename Address>
auto* Generic(Address* address) {
  return reinterpret_cast<sockaddr*>(address);
}

std::string Pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(PatternAt(i));
  return text;
}

Result<void> SendAll(sockaddr_in to, const std::string& text) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  Result<void> result;
  if (connect(fd, Generic(&to), sizeof(to)) < 0) result = Broken("connect");
  for (std::size_t sent = 0; result && sent < text.size();) {
    const ssize_t n = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0) result = Broken("send");
    sent += static_cast<std::size_t>(n);
  }
  close(fd);
  return result;
}

Result<void> SendDatagram(const std::string& to, std::uint16_t port, std::size_t bytes, std::uint16_t segment) {
  return Inside("pod", [&]() -> Result<void> {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int size = segment;
    Result<void> result;
    if (segment != 0 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
      result = Broken("UDP_SEGMENT");
    sockaddr_in address = At(to, port);
    const std::string text = Pattern(bytes);
    if (result && sendto(fd, text.data(), text.size(), 0, Generic(&address), sizeof(address)) < 0) {
      result = Broken("sendto");
    }
    close(fd);
    return result;
  });
}

}  // namespace

Result<void> TcpBetween(const std::string& from, const std::string& to, const std::string& ip, std::size_t bytes) {
  int listener = -1;
  sockaddr_in here = At(ip, 0);
  auto listening = Inside(to, [&]() -> Result<void> {
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(here);
    if (bind(listener, Generic(&here), size) < 0 || listen(listener, 1) < 0) return Broken("listen");
    getsockname(listener, Generic(&here), &size);
    return {};
  });
  if (!listening) return listening;
  const std::string text = Pattern(bytes);
  Result<void> sent;
  std::thread sender([&] { sent = Inside(from, [&] { return SendAll(here, text); }); });
  const int peer = accept(listener, nullptr, nullptr);
  std::string got;
  char buffer[65536];
  for (ssize_t n; (n = recv(peer, buffer, sizeof(buffer), 0)) > 0;) got.append(buffer, static_cast<std::size_t>(n));
  close(peer);
  close(listener);
  sender.join();
  if (sent && got != text) return Fail("the stream did not arrive whole");
  return sent;
}

Result<void> TcpFromPod(std::size_t bytes) { return TcpBetween("pod", "", "10.1.0.1", bytes); }

Result<void> UdpFromPod(const std::string& to, std::uint16_t port, std::size_t bytes) {
  return SendDatagram(to, port, bytes, 0);
}

Result<void> UdpSuperFrameFromPod(const std::string& to, std::uint16_t port, std::size_t bytes, std::uint16_t segment) {
  return SendDatagram(to, port, bytes, segment);
}

}  // namespace podmirror::testing
