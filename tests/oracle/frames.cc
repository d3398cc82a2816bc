#include "tests/oracle/frames.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>

namespace podmirror::oracle {
namespace {

void Append(Octets& to, const Octets& from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace

Octets Address(const std::string& text) {
  Octets octets(16);
  if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) return octets;
  octets.resize(4);
  if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) return octets;
  std::fprintf(stderr, "%s is no address\n", text.c_str());
  std::abort();
}

void Put16(Octets& octets, unsigned value) {
  octets.push_back(static_cast<std::uint8_t>(value >> 8));
  octets.push_back(static_cast<std::uint8_t>(value));
}

Octets Zeros(std::size_t count) { return Octets(count); }

Octets Join(std::initializer_list<Octets> parts) {
  Octets all;
  for (const Octets& part : parts) Append(all, part);
  return all;
}

Octets Ipv4::Build() const {
  const unsigned words = header_words.value_or(static_cast<unsigned>(5 + options.size() / 4));
  Octets out{static_cast<std::uint8_t>(version << 4 | (words & 15)), 0};
  Put16(out, total_length.value_or(static_cast<unsigned>(20 + options.size() + payload.size())));
  Put16(out, 0x1234);
  Put16(out, (reserved_bit ? 0x8000u : 0) | (dont_fragment ? 0x4000u : 0) | (more_fragments ? 0x2000u : 0) |
                 (fragment_offset & 0x1fff));
  out.push_back(64);
  out.push_back(static_cast<std::uint8_t>(protocol));
  Put16(out, 0);
  Append(out, source);
  Append(out, destination);
  Append(out, options);
  Append(out, payload);
  return out;
}

std::size_t Extension::Size() const {
  switch (kind) {
    case 44:
      return 8;
    case 51:
      return (length + 2) * 4;
    default:
      return (length + 1) * 8;
  }
}

Octets Ipv6::Build() const {
  Octets chain;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const Extension& extension = extensions[i];
    const unsigned next = i + 1 < extensions.size() ? extensions[i + 1].kind : protocol;
    Octets header{static_cast<std::uint8_t>(next), static_cast<std::uint8_t>(extension.length)};
    if (extension.kind == 44) {
      Put16(header, (extension.fragment_offset & 0x1fff) << 3 | (extension.reserved_bits & 3) << 1 |
                        (extension.more_fragments ? 1 : 0));
    }
    header.resize(extension.Size());
    Append(chain, header);
  }
  Octets out{static_cast<std::uint8_t>(version << 4), 0, 0, 0};
  Put16(out, payload_length.value_or(static_cast<unsigned>(chain.size() + payload.size())));
  out.push_back(static_cast<std::uint8_t>(extensions.empty() ? protocol : extensions[0].kind));
  out.push_back(64);
  Append(out, source);
  Append(out, destination);
  Append(out, chain);
  Append(out, payload);
  return out;
}

Octets Arp(const Octets& sender, const Octets& target, unsigned operation) {
  Octets out{0, 1, 8, 0, 6, 4};
  Put16(out, operation);
  Append(out, {2, 0, 0, 0, 0, 1});
  Append(out, sender);
  Append(out, {2, 0, 0, 0, 0, 2});
  Append(out, target);
  return out;
}

Octets Ports(unsigned source, unsigned destination, std::size_t more) {
  Octets out;
  Put16(out, source);
  Put16(out, destination);
  out.resize(out.size() + more);
  return out;
}

Octets Icmp(unsigned type, unsigned identifier, std::size_t more) {
  Octets out{static_cast<std::uint8_t>(type), 0, 0, 0};
  Put16(out, identifier);
  out.resize(out.size() + more);
  return out;
}

Octets Ethernet(unsigned ethertype, const Octets& payload, const std::vector<unsigned>& tags) {
  Octets out{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
  for (const unsigned tag : tags) {
    Put16(out, tag);
    Put16(out, 0x2007);  // priority 1, VLAN 7
  }
  Put16(out, ethertype);
  Append(out, payload);
  return out;
}

std::string Hex(const Octets& octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", octet);
    text += two;
  }
  return text;
}

}  // namespace podmirror::oracle
