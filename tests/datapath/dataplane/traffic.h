// Traffic of ordinary sockets between namespace pod and the test's own.
#pragma once

#include <cstdint>
#include <string>

#include "contract/result.h"
#include "tests/support/wire.h"

namespace podmirror::testing {

// Byte i of every stream and datagram.
inline std::uint8_t PatternAt(std::size_t i) { return static_cast<std::uint8_t>(i * 131 + (i >> 8)); }

// Sends `bytes` over TCP from one namespace to another that has the address, and checks that they arrive whole.
Result<void> TcpBetween(const std::string& from, const std::string& to, const std::string& ip, std::size_t bytes);
// From the pod to 10.1.0.1.
Result<void> TcpFromPod(std::size_t bytes);
// One datagram from the pod.
Result<void> UdpFromPod(const std::string& to, std::uint16_t port, std::size_t bytes);
// One super-frame of datagrams of `segment` bytes each (UDP_SEGMENT).
Result<void> UdpSuperFrameFromPod(const std::string& to, std::uint16_t port, std::size_t bytes, std::uint16_t segment);

}  // namespace podmirror::testing
