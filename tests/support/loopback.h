// TCP to this machine.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

namespace podmirror::testing {

// Connects a socket of that family to ::1 or 127.0.0.1.
inline bool ConnectToLoopback(int fd, std::uint16_t port, bool v6) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* address = v6 ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  return connect(fd, address, v6 ? sizeof(six) : sizeof(four)) == 0;
}

}  // namespace podmirror::testing
