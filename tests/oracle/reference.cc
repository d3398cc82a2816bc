#include "tests/oracle/reference.h"

#include <algorithm>

namespace podmirror::oracle {
namespace {

using Kind = Reading::Kind;

constexpr unsigned kNothing = 0xffff;  // no protocol number

unsigned Word(const Octets& octets, std::size_t at) { return octets.at(at) * 256u + octets.at(at + 1); }

Octets Part(const Octets& octets, std::size_t from, std::size_t length) {
  return Octets(octets.begin() + static_cast<std::ptrdiff_t>(from),
                octets.begin() + static_cast<std::ptrdiff_t>(from + length));
}

bool HasPortsBySpecification(unsigned protocol) { return protocol == 6 || protocol == 17 || protocol == 132; }

// What follows the IP headers, and what the packet is called in flows.
struct Payload {
  std::optional<unsigned> protocol;
  Octets octets;  // empty where there is none, or it is a later fragment's
  bool fragment = false;
  unsigned flow_protocol = kNothing;
};

std::string FlowName(const Octets& one, const Octets& other, const std::string& beside) {
  std::string text;
  for (const Octets& end : {std::min(one, other), std::max(one, other)}) {
    text.append(end.begin(), end.end());
    text += '|';
  }
  return text + beside;
}

Octets WithPort(Octets address, unsigned port) {
  Put16(address, port);
  return address;
}

void NameFlow(const Payload& payload, Reading& reading) {
  const std::string protocol = std::to_string(payload.flow_protocol);
  if (!payload.fragment && reading.ports) {
    reading.flow = FlowName(WithPort(reading.source, reading.ports->first),
                            WithPort(reading.destination, reading.ports->second), protocol + " with ports");
    return;
  }
  if (!payload.fragment && payload.octets.size() >= 6 && payload.protocol) {
    const unsigned type = payload.octets[0];
    const bool echo4 = *payload.protocol == 1 && (type == 0 || type == 8);
    const bool echo6 = *payload.protocol == 58 && (type == 128 || type == 129);
    if (echo4 || echo6) {
      reading.flow =
          FlowName(reading.source, reading.destination, protocol + " echo " + std::to_string(Word(payload.octets, 4)));
      return;
    }
  }
  reading.flow = FlowName(reading.source, reading.destination, protocol);
}

bool IsNtpServer(const Octets& address) {
  static const Octets kServers[] = {Address("169.254.169.123"), Address("fd00:ec2::123")};
  return std::find(std::begin(kServers), std::end(kServers), address) != std::end(kServers);
}

bool IsMetadataServer(const Octets& address) {
  static const Octets kServers[] = {Address("169.254.169.254"), Address("169.254.170.2"),   Address("169.254.170.23"),
                                    Address("168.63.129.16"),   Address("100.100.100.200"), Address("fd00:ec2::254"),
                                    Address("fd00:ec2::23")};
  return std::find(std::begin(kServers), std::end(kServers), address) != std::end(kServers);
}

void FindInfrastructure(Reading& reading) {
  const bool udp = reading.protocol == 17u && reading.ports;
  const bool tcp = reading.protocol == 6u && reading.ports;
  if (udp) {
    const std::set<unsigned> ends = {reading.ports->first, reading.ports->second};
    const std::set<unsigned> dhcp =
        reading.kind == Kind::kIpv4 ? std::set<unsigned>{67, 68} : std::set<unsigned>{546, 547};
    if (std::includes(dhcp.begin(), dhcp.end(), ends.begin(), ends.end())) {
      reading.infrastructure.insert(Infrastructure::kDhcp);
    }
  }
  for (const bool source : {true, false}) {
    const Octets& address = source ? reading.source : reading.destination;
    std::optional<unsigned> port;
    if (udp || tcp) port = source ? reading.ports->first : reading.ports->second;
    if (IsNtpServer(address) && udp && port == 123u) reading.infrastructure.insert(Infrastructure::kNtp);
    if (IsMetadataServer(address) && port != 53u) reading.infrastructure.insert(Infrastructure::kInstanceMetadata);
  }
}

void FinishIp(const Payload& payload, Reading& reading) {
  reading.protocol = payload.protocol;
  reading.fragment = payload.fragment;
  if (payload.protocol && HasPortsBySpecification(*payload.protocol) && payload.octets.size() >= 4) {
    reading.ports = {Word(payload.octets, 0), Word(payload.octets, 2)};
  }
  FindInfrastructure(reading);
  NameFlow(payload, reading);
}

// `packet`: from the first byte of the IP header to the frame's end, padding included.
void ReadIpv4(const Octets& packet, Reading& reading) {
  reading.kind = Kind::kMalformed;
  if (packet.empty() || packet[0] / 16 != 4) return;
  const std::size_t header = packet[0] % 16 * 4u;
  if (header < 20 || packet.size() < header) return;

  reading.kind = Kind::kIpv4;
  reading.source = Part(packet, 12, 4);
  reading.destination = Part(packet, 16, 4);
  std::size_t length = Word(packet, 2);
  if (length == 0 || length > packet.size()) length = packet.size();

  Payload payload;
  payload.protocol = packet[9];
  payload.flow_protocol = packet[9];
  const unsigned offset = Word(packet, 6) % 0x2000;
  const bool more = Word(packet, 6) / 0x2000 % 2 == 1;
  payload.fragment = more || offset > 0;
  if (offset == 0 && length > header) payload.octets = Part(packet, header, length - header);
  FinishIp(payload, reading);
}

bool IsExtension(unsigned next) { return next == 0 || next == 43 || next == 44 || next == 51 || next == 60; }

// `next` names what `rest` begins with.
Payload ReadChain(unsigned next, Octets rest) {
  Payload payload;
  for (int stepped = 0; IsExtension(next); ++stepped) {
    if (stepped == 8 || rest.size() < 8) return payload;
    const std::size_t size = next == 44 ? 8u : next == 51 ? (rest[1] + 2u) * 4 : (rest[1] + 1u) * 8;
    if (rest.size() < size) return payload;
    const unsigned after = rest[0];
    if (next == 44) {
      const unsigned offset = Word(rest, 2) / 8;
      const bool more = rest[3] % 2 == 1;
      if (offset > 0 || more) {
        if (!payload.fragment) payload.flow_protocol = after;
        payload.fragment = true;
      }
      if (offset > 0) {
        if (!IsExtension(after)) payload.protocol = after;
        return payload;
      }
    }
    rest = Part(rest, size, rest.size() - size);
    next = after;
  }
  payload.protocol = next;
  if (!payload.fragment) payload.flow_protocol = next;
  payload.octets = rest;
  return payload;
}

void ReadIpv6(const Octets& packet, Reading& reading) {
  reading.kind = Kind::kMalformed;
  if (packet.size() < 40 || packet[0] / 16 != 6) return;
  reading.kind = Kind::kIpv6;
  reading.source = Part(packet, 8, 16);
  reading.destination = Part(packet, 24, 16);
  std::size_t length = Word(packet, 4);
  if (length == 0 || length > packet.size() - 40) length = packet.size() - 40;
  FinishIp(ReadChain(packet[6], Part(packet, 40, length)), reading);
}

void ReadArp(const Octets& packet, Reading& reading) {
  reading.kind = Kind::kArp;
  reading.infrastructure = {Infrastructure::kArp};
  reading.flow = "ARP";
  if (packet.size() < 28 || packet[4] != 6 || packet[5] != 4) return;
  reading.flow = FlowName(Part(packet, 14, 4), Part(packet, 24, 4), "ARP");
}

bool Contains(const Cidr& cidr, const Octets& address) {
  const std::size_t bytes = cidr.family() == IpFamily::kV4 ? 4 : 16;
  if (address.size() != bytes) return false;
  for (int bit = 0; bit < cidr.prefix_length(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1u << (7 - bit % 8));
    const std::size_t at = static_cast<std::size_t>(bit) / 8;
    if ((cidr.network().bytes()[at] & mask) != (address[at] & mask)) return false;
  }
  return true;
}

bool InRange(const PortRange& range, unsigned port) { return port >= range.from() && port <= range.to(); }

bool IsClusterDns(const Reading& packet, const std::vector<SocketAddress>& cluster_dns) {
  if (!packet.ports || (packet.protocol != 6u && packet.protocol != 17u)) return false;
  for (const SocketAddress& dns : cluster_dns) {
    const auto first = dns.ip.bytes().begin();
    const Octets address(first, first + (dns.ip.is_v4() ? 4 : 16));
    if (packet.source == address && packet.ports->first == dns.port) return true;
    if (packet.destination == address && packet.ports->second == dns.port) return true;
  }
  return false;
}

}  // namespace

Reading Read(const Octets& wire) {
  Reading reading;
  std::size_t at = 12;
  for (int tags = 0;; ++tags) {
    if (wire.size() < at + 2) return reading;
    const unsigned ethertype = Word(wire, at);
    const Octets rest = Part(wire, at + 2, wire.size() - at - 2);
    if (ethertype == 0x0800) ReadIpv4(rest, reading);
    if (ethertype == 0x86dd) ReadIpv6(rest, reading);
    if (ethertype == 0x0806) ReadArp(rest, reading);
    const bool tag = ethertype == 0x8100 || ethertype == 0x88a8;
    if (!tag || tags == 2) return reading;
    at += 4;
  }
}

bool Matches(const Rule& rule, const Reading& packet) {
  if (rule.source && !Contains(*rule.source, packet.source)) return false;
  if (rule.destination && !Contains(*rule.destination, packet.destination)) return false;
  if (rule.protocol && packet.protocol != rule.protocol->number) return false;
  if (rule.source_ports && !(packet.ports && InRange(*rule.source_ports, packet.ports->first))) return false;
  if (rule.destination_ports && !(packet.ports && InRange(*rule.destination_ports, packet.ports->second))) return false;
  return true;
}

Judgement Judge(const std::vector<Session>& sessions, Direction direction, const Reading& packet,
                const std::vector<SocketAddress>& cluster_dns) {
  Judgement judgement;
  for (int i = 0; i < static_cast<int>(sessions.size()); ++i) {
    const DesiredFilter& filter = *sessions[static_cast<std::size_t>(i)].filter;
    const bool unlisted =
        std::any_of(packet.infrastructure.begin(), packet.infrastructure.end(),
                    [&](Infrastructure one) { return (filter.infrastructure & static_cast<std::uint8_t>(one)) == 0; });
    if (unlisted || sessions[static_cast<std::size_t>(i)].expired) {
      judgement.excluded.insert(i);
      continue;
    }
    if (filter.cluster_dns && IsClusterDns(packet, cluster_dns)) {
      judgement.winner = i;
      return judgement;
    }
    for (const Rule& rule : filter.rules(direction)) {
      if (!Matches(rule, packet)) continue;
      if (rule.action == Action::kAccept) {
        judgement.winner = i;
        return judgement;
      }
      judgement.rejected.insert(i);
      break;
    }
  }
  return judgement;
}

}  // namespace podmirror::oracle
