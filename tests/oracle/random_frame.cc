#include "tests/oracle/random_frame.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/oracle/pools.h"

namespace podmirror::oracle {
namespace {

constexpr std::string_view kShapes[] = {
    // link
    "untagged", "one tag", "two tags", "three tags", "tag beside the bytes", "0x9100 tag", "LLC", "other ethertype",
    "cut", "padding", "shorter than an Ethernet header",
    // IPv4
    "IPv4 options", "IPv4 IHL under 5", "IPv4 header beyond the frame", "wrong version", "IP length 0",
    "IP length short", "IP length below the header", "IP length beyond the frame", "first fragment", "later fragment",
    "don't fragment", "reserved bit",
    // IPv6
    "no extension", "1 to 7 extensions", "8 extensions", "9 extensions", "10 extensions", "AH",
    "atomic fragment header", "IPv6 first fragment", "IPv6 later fragment", "IPv6 later fragment of an extension",
    "two fragment headers", "chain cut by the payload's end", "no protocol", "long extension",
    // beyond
    "echo request or reply", "other ICMP", "ICMPv6 over IPv4", "ICMP over IPv6", "ports", "ports in a first fragment",
    "fewer than 4 payload bytes", "extension header's number over IPv4", "SCTP", "no next header",
    // readings
    "non-IP", "malformed", "IPv4", "IPv6", "ARP", "ARP of other lengths", "in DHCP", "in NTP", "in metadata",
    "DNS at a metadata address", "in two classes"};

Octets RandomOctets(Random& random, std::size_t count) {
  Octets octets(count);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random.Below(256));
  return octets;
}

// A pool's address, sometimes with one bit turned over.
template <typename Pool>
Octets RandomAddress(Random& random, const Pool& pool) {
  Octets address = Address(random.Pick(pool));
  if (random.OneIn(8)) address[random.Below(address.size())] ^= static_cast<std::uint8_t>(1u << random.Below(8));
  return address;
}

unsigned RandomPort(Random& random) {
  return random.OneIn(6) ? static_cast<unsigned>(random.Below(65536)) : random.Pick(kPortPool);
}

Octets RandomPayload(Random& random, unsigned protocol) {
  const std::size_t more = random.OneIn(3) ? random.Below(8) : random.Below(60);
  Octets payload;
  if (protocol == 1 || protocol == 58) {
    static constexpr unsigned kTypes[] = {0, 8, 128, 129, 3, 135};
    payload = Icmp(random.Pick(kTypes), static_cast<unsigned>(random.Below(4)), more);
  } else {
    payload = Ports(RandomPort(random), RandomPort(random), more);
    if (random.OneIn(4)) std::copy_n(payload.begin(), 2, payload.begin() + 2);  // equal ports
  }
  if (random.OneIn(6)) payload.resize(random.Below(payload.size() + 1));
  return payload;
}

unsigned RandomProtocol(Random& random) {
  return random.OneIn(20) ? static_cast<unsigned>(random.Below(256)) : random.Pick(kProtocolPool);
}

// An IP length field: mostly absent (right), else 0, short, or long.
std::optional<unsigned> RandomLength(Random& random, std::size_t right, Coverage& coverage) {
  switch (random.Below(12)) {
    case 0:
      coverage.Note("IP length 0");
      return 0;
    case 1:
      coverage.Note("IP length short");
      return static_cast<unsigned>(random.Below(right + 1));
    case 2:
      coverage.Note("IP length beyond the frame");
      return static_cast<unsigned>(std::min<std::size_t>(65535, right + random.Between(1, 2000)));
    default:
      return std::nullopt;
  }
}

Octets RandomIpv4(Random& random, Coverage& coverage) {
  Ipv4 packet;
  packet.source = RandomAddress(random, kV4Pool);
  packet.destination = RandomAddress(random, kV4Pool);
  packet.protocol = RandomProtocol(random);
  packet.payload = RandomPayload(random, packet.protocol);
  if (random.OneIn(5)) packet.options = RandomOctets(random, random.Between(1, 10) * 4);
  if (!packet.options.empty()) coverage.Note("IPv4 options");
  if (random.OneIn(60)) packet.version = static_cast<unsigned>(random.Below(16));
  if (packet.version != 4) coverage.Note("wrong version");
  if (random.OneIn(40)) packet.header_words = static_cast<unsigned>(random.Below(16));
  if (packet.header_words && *packet.header_words < 5) coverage.Note("IPv4 IHL under 5");
  packet.total_length = RandomLength(random, 20 + packet.options.size() + packet.payload.size(), coverage);
  if (packet.total_length && *packet.total_length > 0 && *packet.total_length < 20 + packet.options.size()) {
    coverage.Note("IP length below the header");
  }
  if (random.OneIn(5)) {
    packet.more_fragments = random.OneIn(2);
    if (random.OneIn(2)) packet.fragment_offset = static_cast<unsigned>(random.Below(0x2000));
    if (packet.fragment_offset != 0) coverage.Note("later fragment");
    if (packet.fragment_offset == 0 && packet.more_fragments) coverage.Note("first fragment");
  }
  packet.dont_fragment = random.OneIn(3);
  packet.reserved_bit = random.OneIn(10);
  if (packet.dont_fragment) coverage.Note("don't fragment");
  if (packet.reserved_bit) coverage.Note("reserved bit");
  return packet.Build();
}

std::size_t RandomExtensionCount(Random& random, Coverage& coverage) {
  static constexpr std::size_t kCounts[] = {0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 7, 8, 9, 10};
  const std::size_t count = random.Pick(kCounts);
  switch (count) {
    case 0:
      coverage.Note("no extension");
      break;
    case 8:
      coverage.Note("8 extensions");
      break;
    case 9:
      coverage.Note("9 extensions");
      break;
    case 10:
      coverage.Note("10 extensions");
      break;
    default:
      coverage.Note("1 to 7 extensions");
  }
  return count;
}

Extension RandomExtension(Random& random, Coverage& coverage) {
  Extension extension;
  extension.kind = random.Pick(kExtensionPool);
  extension.length = static_cast<unsigned>(random.OneIn(3) ? random.Below(5) : 0);
  if (random.OneIn(40)) {
    extension.length = static_cast<unsigned>(random.Below(256));
    coverage.Note("long extension");
  }
  if (extension.kind == 51) coverage.Note("AH");
  if (extension.kind != 44) return extension;
  extension.reserved_bits = static_cast<unsigned>(random.Below(4));
  switch (random.Below(3)) {
    case 0:
      coverage.Note("atomic fragment header");
      break;
    case 1:
      extension.more_fragments = true;
      coverage.Note("IPv6 first fragment");
      break;
    default:
      extension.more_fragments = random.OneIn(2);
      extension.fragment_offset = static_cast<unsigned>(random.Between(1, 0x1fff));
      coverage.Note("IPv6 later fragment");
  }
  return extension;
}

void NoteFragmentHeaders(const Ipv6& packet, Coverage& coverage) {
  int fragments = 0;
  for (std::size_t i = 0; i < packet.extensions.size(); ++i) {
    const Extension& one = packet.extensions[i];
    if (one.kind != 44 || (one.fragment_offset == 0 && !one.more_fragments)) continue;
    if (one.fragment_offset != 0 && i + 1 < packet.extensions.size())
      coverage.Note("IPv6 later fragment of an extension");
    if (++fragments == 2) coverage.Note("two fragment headers");
  }
}

Octets RandomIpv6(Random& random, Coverage& coverage) {
  Ipv6 packet;
  packet.source = RandomAddress(random, kV6Pool);
  packet.destination = RandomAddress(random, kV6Pool);
  packet.protocol = RandomProtocol(random);
  packet.payload = RandomPayload(random, packet.protocol);
  const std::size_t count = RandomExtensionCount(random, coverage);
  std::size_t chain = 0;
  for (std::size_t i = 0; i < count; ++i) {
    packet.extensions.push_back(RandomExtension(random, coverage));
    chain += packet.extensions.back().Size();
  }
  NoteFragmentHeaders(packet, coverage);
  if (random.OneIn(60)) packet.version = static_cast<unsigned>(random.Below(16));
  packet.payload_length = RandomLength(random, chain + packet.payload.size(), coverage);
  return packet.Build();
}

Octets RandomArp(Random& random, Coverage& coverage) {
  Octets arp =
      Arp(RandomAddress(random, kV4Pool), RandomAddress(random, kV4Pool), static_cast<unsigned>(random.Between(1, 2)));
  if (random.OneIn(6)) {
    arp[random.Between(4, 5)] = static_cast<std::uint8_t>(random.Below(256));
    coverage.Note("ARP of other lengths");
  }
  return arp;
}

std::vector<unsigned> RandomTags(Random& random, Coverage& coverage) {
  static constexpr std::size_t kCounts[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3};
  static constexpr std::string_view kNames[] = {"untagged", "one tag", "two tags", "three tags"};
  static constexpr unsigned kOdd[] = {0x9100, 0x9200, 0x9300, 0x8101};
  std::vector<unsigned> tags;
  const std::size_t count = random.Pick(kCounts);
  coverage.Note(kNames[count]);
  for (std::size_t i = 0; i < count; ++i) tags.push_back(random.OneIn(2) ? 0x8100 : 0x88a8);
  if (!tags.empty() && random.OneIn(10)) {
    tags[random.Below(tags.size())] = random.Pick(kOdd);
    coverage.Note("0x9100 tag");
  }
  return tags;
}

Octets RandomNetworkPacket(Random& random, unsigned& ethertype, Coverage& coverage) {
  static constexpr unsigned kOthers[] = {0x8035, 0x8847, 0x8864, 0x88cc, 0x0801, 0x0600, 0x86dc};
  const std::uint64_t kind = random.Below(40);
  if (kind < 20) {
    ethertype = 0x0800;
    return RandomIpv4(random, coverage);
  }
  if (kind < 36) {
    ethertype = 0x86dd;
    return RandomIpv6(random, coverage);
  }
  if (kind < 38) {
    ethertype = 0x0806;
    return RandomArp(random, coverage);
  }
  Octets inner = random.OneIn(2) ? RandomIpv4(random, coverage) : RandomOctets(random, random.Below(60));
  if (kind == 38) {
    coverage.Note("other ethertype");
    ethertype = random.Pick(kOthers);
    return inner;
  }
  coverage.Note("LLC");
  ethertype = static_cast<unsigned>(inner.size()) + 8;
  return Join({{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, inner});  // SNAP, IPv4 inside
}

}  // namespace

Frame RandomFrame(Random& random, Coverage& coverage) {
  unsigned ethertype = 0;
  const Octets packet = RandomNetworkPacket(random, ethertype, coverage);
  Frame frame{Ethernet(ethertype, packet, RandomTags(random, coverage)), random.OneIn(2)};
  if (random.OneIn(5)) {
    const Octets padding = RandomOctets(random, random.Between(1, 46));
    frame.wire.insert(frame.wire.end(), padding.begin(), padding.end());
    coverage.Note("padding");
  }
  if (random.OneIn(8)) {
    frame.wire.resize(random.Below(frame.wire.size() + 1));
    coverage.Note("cut");
  }
  frame.wire.resize(std::min(frame.wire.size(), kMaxWire));
  return frame;
}

Coverage::Coverage() {
  for (const std::string_view shape : kShapes) counts_[shape] = 0;
}

void Coverage::Note(std::string_view shape) {
  const auto found = counts_.find(shape);
  if (found == counts_.end()) {
    std::fprintf(stderr, "no shape is called %.*s\n", static_cast<int>(shape.size()), shape.data());
    std::abort();
  }
  ++found->second;
}

std::vector<std::string_view> Coverage::Missing() const {
  std::vector<std::string_view> missing;
  for (const auto& [shape, count] : counts_) {
    if (count == 0) missing.push_back(shape);
  }
  return missing;
}

std::uint64_t AnnouncedSeed() {
  const char* wanted = std::getenv("PODMIRROR_SEED");
  const std::uint64_t seed = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device()();
  std::printf("PODMIRROR_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace podmirror::oracle
