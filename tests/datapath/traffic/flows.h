// Traffic of ordinary sockets between the pod and its peer. Whatever is sent is checked where it arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "contract/result.h"

namespace podmirror::testing {

// Byte i of every stream and datagram.
inline std::uint8_t PatternAt(std::size_t i) { return static_cast<std::uint8_t>(i * 131 + (i >> 8)); }

// The ends of a conversation: network namespaces, and the addresses in them (both of one family).
struct Ends {
  std::string client;
  std::string client_ip;
  std::string server;
  std::string server_ip;
};

// Called every now and then, so that buffers that fill meanwhile can be emptied.
using Pump = std::function<void()>;

// One TCP connection: `bytes` each way.
Result<void> Stream(const Ends& ends, std::size_t bytes, const Pump& pump);

// One datagram of each size from client to server, over UDP.
Result<void> Datagrams(const Ends& ends, const std::vector<std::size_t>& sizes, const Pump& pump);

// `bytes` of UDP payload as one super-frame, which arrives as datagrams of `segment` bytes (UDP_SEGMENT).
Result<void> UdpSuperFrame(const Ends& ends, std::size_t bytes, std::size_t segment);

// An echo request with so many bytes of data, and its answer.
Result<void> Echo(const Ends& ends, std::uint16_t sequence, std::size_t bytes);

// A datagram to an address where nobody need be.
Result<void> SendDatagram(const std::string& network_namespace, const std::string& ip, std::uint16_t port,
                          std::size_t bytes);

}  // namespace podmirror::testing
