// Frames built field by field, wrong values included.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace podmirror::oracle {

using Octets = std::vector<std::uint8_t>;

// A frame as it is on the wire. The kernel may hold the outermost VLAN tag beside the bytes.
struct Frame {
  Octets wire;
  bool outer_tag_beside = false;  // where the wire has one that the kernel can hold so
};

// Address text -> 4 or 16 bytes; aborts on nonsense.
Octets Address(const std::string& text);

void Put16(Octets& octets, unsigned value);
Octets Zeros(std::size_t count);
Octets Join(std::initializer_list<Octets> parts);

// Fields of an IPv4 packet; absent ones take their right value.
struct Ipv4 {
  Octets source = Address("10.0.0.1");
  Octets destination = Address("10.0.0.2");
  unsigned protocol = 17;
  Octets payload{};
  Octets options{};
  unsigned version = 4;
  std::optional<unsigned> header_words{};
  std::optional<unsigned> total_length{};
  bool more_fragments = false;
  unsigned fragment_offset = 0;  // units of 8 bytes
  bool dont_fragment = false;
  bool reserved_bit = false;

  Octets Build() const;
};

// An IPv6 extension header. `length` is its length field, whatever the kind makes of it.
struct Extension {
  unsigned kind = 60;
  unsigned length = 0;
  unsigned fragment_offset = 0;  // only kind 44
  bool more_fragments = false;
  unsigned reserved_bits = 0;

  std::size_t Size() const;
};

inline Extension Fragment(unsigned offset, bool more) {
  return {.kind = 44, .fragment_offset = offset, .more_fragments = more};
}

struct Ipv6 {
  Octets source = Address("fd00::1");
  Octets destination = Address("fd00::2");
  std::vector<Extension> extensions{};
  unsigned protocol = 17;  // what follows the extension headers
  Octets payload{};
  unsigned version = 6;
  std::optional<unsigned> payload_length{};

  Octets Build() const;
};

Octets Arp(const Octets& sender, const Octets& target, unsigned operation = 1);
// The first four bytes of TCP, UDP or SCTP, and `more` bytes.
Octets Ports(unsigned source, unsigned destination, std::size_t more = 16);
Octets Icmp(unsigned type, unsigned identifier, std::size_t more = 16);

// `tags`: their ethertypes, outermost first.
Octets Ethernet(unsigned ethertype, const Octets& payload, const std::vector<unsigned>& tags = {});

inline Frame V4(const Ipv4& packet) { return {Ethernet(0x0800, packet.Build())}; }
inline Frame V6(const Ipv6& packet) { return {Ethernet(0x86dd, packet.Build())}; }

std::string Hex(const Octets& octets);

}  // namespace podmirror::oracle
