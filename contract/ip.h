// Network words as values: holding one means that it is valid.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "contract/result.h"

namespace podmirror {

enum class IpFamily : std::uint8_t { kV4 = 4, kV6 = 6 };

// An IPv4 or IPv6 address. Bytes are in network order; IPv4 uses the first four, the rest are zero.
class IpAddress {
 public:
  // Strict: no leading zeros (010.0.0.1), no zone, no IPv4-mapped IPv6 (::ffff:10.0.0.1). The error names the
  // corrected value where there is one. An address inside a larger text: set Error::where yourself.
  static Result<IpAddress> Parse(std::string_view text);
  static IpAddress V4(const std::array<std::uint8_t, 4>& bytes);
  static IpAddress V6(const std::array<std::uint8_t, 16>& bytes);

  IpFamily family() const { return family_; }
  bool is_v4() const { return family_ == IpFamily::kV4; }
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  bool is_loopback() const;     // 127.0.0.0/8, ::1
  bool is_link_local() const;   // 169.254.0.0/16, fe80::/10
  bool is_multicast() const;    // 224.0.0.0/4, ff00::/8; also 255.255.255.255
  bool is_unspecified() const;  // 0.0.0.0/8, ::

  std::string ToString() const;  // RFC 5952

  auto operator<=>(const IpAddress&) const = default;

 private:
  IpFamily family_ = IpFamily::kV4;
  std::array<std::uint8_t, 16> bytes_{};
};

// A range of addresses; the host bits are zero.
class Cidr {
 public:
  // Refuses host bits, leading zeros, a missing prefix length and mapped IPv4; the error's fix holds the
  // corrected value ("write 10.0.0.0/8").
  static Result<Cidr> Parse(std::string_view text);

  const IpAddress& network() const { return network_; }
  int prefix_length() const { return prefix_length_; }
  IpFamily family() const { return network_.family(); }
  bool Contains(const IpAddress& address) const;
  std::string ToString() const;

  auto operator<=>(const Cidr&) const = default;

 private:
  IpAddress network_;
  int prefix_length_ = 0;
};

// Both ends included, host byte order.
class PortRange {
 public:
  static Result<PortRange> Make(std::int64_t from, std::int64_t to);

  std::uint16_t from() const { return from_; }
  std::uint16_t to() const { return to_; }

  auto operator<=>(const PortRange&) const = default;

 private:
  std::uint16_t from_ = 0;
  std::uint16_t to_ = 0;
};

// An IP protocol number (IANA "Protocol Numbers").
struct Protocol {
  std::uint8_t number = 0;

  bool has_ports() const { return number == 6 || number == 17 || number == 132; }
  // TCP, UDP, SCTP, ICMP, ICMPv6, else the number.
  std::string ToString() const;
  // The five names above, exact spelling. nullopt: not a name.
  static std::optional<Protocol> FromName(std::string_view name);

  auto operator<=>(const Protocol&) const = default;
};

inline constexpr Protocol kIcmp{1};
inline constexpr Protocol kTcp{6};
inline constexpr Protocol kUdp{17};
inline constexpr Protocol kIcmpV6{58};
inline constexpr Protocol kSctp{132};

// A VXLAN network identifier, 0..16777215 (RFC 7348).
class Vni {
 public:
  static Result<Vni> Make(std::int64_t value);
  std::uint32_t value() const { return value_; }
  auto operator<=>(const Vni&) const = default;

 private:
  std::uint32_t value_ = 0;
};

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};
  std::string ToString() const;  // aa:bb:cc:dd:ee:ff
  auto operator<=>(const MacAddress&) const = default;
};

// A UDP or TCP end: address and port (host byte order).
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;
  std::string ToString() const;  // 10.0.0.1:53, [fd00::1]:53
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace podmirror
