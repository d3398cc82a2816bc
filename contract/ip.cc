#include "contract/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace podmirror {
namespace {

constexpr std::string_view kAddressExample = "write an address, for example 192.0.2.10 or 2001:db8::10";
constexpr std::string_view kRangeExample =
    "write a range with a prefix length, for example 10.0.0.0/8, 192.0.2.7/32 or 2001:db8::/32";

constexpr std::pair<std::string_view, std::uint8_t> kProtocolNames[] = {
    {"ICMP", 1}, {"TCP", 6}, {"UDP", 17}, {"ICMPv6", 58}, {"SCTP", 132}};

std::string Quote(std::string_view text) {
  constexpr std::size_t kShown = 64;
  return '"' + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...\"" : "\"");
}

// A decimal number of at most three digits.
std::optional<int> SmallNumber(std::string_view digits) {
  if (digits.empty() || digits.size() > 3) return std::nullopt;
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool HasLeadingZero(std::string_view digits) { return digits.size() > 1 && digits.front() == '0'; }

// What somebody meant to write, and why it may not stand like this.
struct Reading {
  IpAddress address;
  std::string_view fault;  // empty: as it should be
};

std::optional<Reading> ReadV4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  std::string_view fault;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(0, dot);
    const std::optional<int> value = SmallNumber(digits);
    if (!value || *value > 255) return std::nullopt;
    if (HasLeadingZero(digits)) fault = "has leading zeros, which some programs read as octal";
    bytes[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return Reading{IpAddress::V4(bytes), fault};
}

bool IsMapped(const std::array<std::uint8_t, 16>& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) && bytes[10] == 0xff &&
         bytes[11] == 0xff;
}

IpAddress Unmapped(const std::array<std::uint8_t, 16>& bytes) {
  return IpAddress::V4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

std::optional<Reading> ReadV6(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  Reading reading{IpAddress::V6(bytes), {}};
  if (IsMapped(bytes)) {
    reading.fault = "is an IPv4 address in IPv6 form";
  } else if (text.find('.') != std::string_view::npos) {
    reading.fault = "mixes IPv6 and IPv4 notation";
  }
  return reading;
}

// inet_pton stops at NUL, so refuse it first.
std::optional<Reading> Read(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  return text.find(':') == std::string_view::npos ? ReadV4(text) : ReadV6(text);
}

IpAddress Masked(const IpAddress& address, int prefix_length) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix_length - i * 8, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> kept));
  }
  return address.is_v4() ? IpAddress::V4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::V6(bytes);
}

int AddressBits(IpFamily family) { return family == IpFamily::kV4 ? 32 : 128; }

std::string RangeText(const IpAddress& address, int prefix_length) {
  return Masked(address, prefix_length).ToString() + "/" + std::to_string(prefix_length);
}

// The longest run of two or more zero groups (RFC 5952 section 4.2), the first of equal ones; {0, 0} without one.
std::pair<int, int> LongestZeroRun(const std::array<int, 8>& groups) {
  std::pair<int, int> best{0, 0};
  for (int begin = 0; begin < 8;) {
    int end = begin;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - begin >= 2 && end - begin > best.second - best.first) best = {begin, end};
    begin = end + 1;
  }
  return best;
}

std::string V6Text(const std::array<std::uint8_t, 16>& bytes) {
  if (IsMapped(bytes)) return "::ffff:" + Unmapped(bytes).ToString();
  std::array<int, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = bytes[2 * i] << 8 | bytes[2 * i + 1];
  const auto [gap_begin, gap_end] = LongestZeroRun(groups);
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == gap_begin && gap_end > gap_begin) {
      text += "::";
      i = gap_end - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[8];
    std::snprintf(digits, sizeof(digits), "%x", static_cast<unsigned>(groups[i]));
    text += digits;
  }
  return text;
}

std::unexpected<Error> FailPort(std::int64_t port) {
  return Fail(std::to_string(port) + " is not a port", "", "write a number from 0 to 65535");
}

}  // namespace

Result<IpAddress> IpAddress::Parse(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos && Read(text.substr(0, slash))) {
    const std::optional<Reading> bare = Read(text.substr(0, slash));
    return Fail(Quote(text) + " has a prefix length where one address is wanted", "",
                "write " + bare->address.ToString());
  }
  if (const std::size_t percent = text.find('%'); percent != std::string_view::npos && Read(text.substr(0, percent))) {
    return Fail(Quote(text) + " has a zone, which means nothing on another machine", "",
                "write " + std::string(text.substr(0, percent)));
  }
  const std::optional<Reading> reading = Read(text);
  if (!reading) return Fail(Quote(text) + " is not an IP address", "", std::string(kAddressExample));
  if (reading->fault.empty()) return reading->address;
  const IpAddress& meant = reading->address;
  const bool mapped = !meant.is_v4() && IsMapped(meant.bytes());
  return Fail(Quote(text) + " " + std::string(reading->fault), "",
              "write " + (mapped ? Unmapped(meant.bytes()) : meant).ToString());
}

IpAddress IpAddress::V4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::V6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress address;
  address.family_ = IpFamily::kV6;
  address.bytes_ = bytes;
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return *this == V6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_multicast() const {
  if (!is_v4()) return bytes_[0] == 0xff;
  return (bytes_[0] & 0xf0) == 0xe0 || *this == V4({255, 255, 255, 255});
}

bool IpAddress::is_unspecified() const { return is_v4() ? bytes_[0] == 0 : *this == V6({}); }

std::string IpAddress::ToString() const {
  if (!is_v4()) return V6Text(bytes_);
  char text[INET_ADDRSTRLEN];
  std::snprintf(text, sizeof(text), "%u.%u.%u.%u", bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
  return text;
}

Result<Cidr> Cidr::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::optional<Reading> reading = Read(text.substr(0, slash));
  if (!reading) return Fail(Quote(text) + " is not an IPv4 or IPv6 range", "", std::string(kRangeExample));
  IpAddress address = reading->address;
  const bool mapped = !address.is_v4() && IsMapped(address.bytes());

  int prefix_length = AddressBits(address.family());
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const std::optional<int> value = SmallNumber(digits);
    if (!value || *value > AddressBits(address.family())) {
      return Fail(Quote(text) + " has no valid prefix length", "",
                  "write a prefix length from 0 to " + std::to_string(AddressBits(address.family())) +
                      ", for example " + (address.is_v4() ? "10.0.0.0/8" : "2001:db8::/32"));
    }
    prefix_length = *value;
    if (HasLeadingZero(digits) && reading->fault.empty()) reading->fault = "has leading zeros";
  } else if (reading->fault.empty()) {
    reading->fault = "has no prefix length";
  }
  if (mapped && prefix_length >= 96) {
    address = Unmapped(address.bytes());
    prefix_length -= 96;
  }
  if (Masked(address, prefix_length) != address && reading->fault.empty()) {
    reading->fault = "has bits set behind its prefix";
  }
  if (!reading->fault.empty()) {
    return Fail(Quote(text) + " " + std::string(reading->fault), "", "write " + RangeText(address, prefix_length));
  }
  Cidr cidr;
  cidr.network_ = address;
  cidr.prefix_length_ = prefix_length;
  return cidr;
}

bool Cidr::Contains(const IpAddress& address) const {
  return address.family() == family() && Masked(address, prefix_length_) == network_;
}

std::string Cidr::ToString() const { return network_.ToString() + "/" + std::to_string(prefix_length_); }

Result<PortRange> PortRange::Make(std::int64_t from, std::int64_t to) {
  for (const std::int64_t port : {from, to}) {
    if (port < 0 || port > 65535) return FailPort(port);
  }
  if (from > to) {
    return Fail("from must not be above to, and " + std::to_string(from) + " is above " + std::to_string(to), "",
                "swap them");
  }
  PortRange range;
  range.from_ = static_cast<std::uint16_t>(from);
  range.to_ = static_cast<std::uint16_t>(to);
  return range;
}

std::string Protocol::ToString() const {
  for (const auto& [name, value] : kProtocolNames) {
    if (value == number) return std::string(name);
  }
  return std::to_string(number);
}

std::optional<Protocol> Protocol::FromName(std::string_view name) {
  for (const auto& [known, value] : kProtocolNames) {
    if (known == name) return Protocol{value};
  }
  return std::nullopt;
}

Result<Vni> Vni::Make(std::int64_t value) {
  if (value < 0 || value > 0xffffff) {
    return Fail(std::to_string(value) + " is not a VXLAN network identifier", "", "write a number from 0 to 16777215");
  }
  Vni vni;
  vni.value_ = static_cast<std::uint32_t>(value);
  return vni;
}

std::string MacAddress::ToString() const {
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                bytes[5]);
  return text;
}

std::string SocketAddress::ToString() const {
  const std::string host = ip.is_v4() ? ip.ToString() : "[" + ip.ToString() + "]";
  return host + ":" + std::to_string(port);
}

}  // namespace podmirror
