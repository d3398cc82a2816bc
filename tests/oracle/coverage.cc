// Shapes that are told by what the reference reads.
#include "tests/oracle/random_frame.h"

namespace podmirror::oracle {
namespace {

bool TouchesMetadata(const Reading& reading) {
  return reading.source == Address("169.254.169.254") || reading.destination == Address("169.254.169.254");
}

void NoteTransport(const Reading& reading, Coverage& coverage) {
  const unsigned protocol = reading.protocol.value_or(256);
  const bool v4 = reading.kind == Reading::Kind::kIpv4;
  const bool has_ports = protocol == 6 || protocol == 17 || protocol == 132;
  if (!reading.protocol) coverage.Note("no protocol");
  if (!reading.protocol && !reading.fragment) coverage.Note("chain cut by the payload's end");
  if (reading.ports) coverage.Note("ports");
  if (reading.ports && reading.fragment) coverage.Note("ports in a first fragment");
  if (has_ports && !reading.ports && !reading.fragment) coverage.Note("fewer than 4 payload bytes");
  if (reading.flow.find("echo") != std::string::npos)
    coverage.Note("echo request or reply");
  else if (protocol == 1 || protocol == 58)
    coverage.Note("other ICMP");
  if (v4 && protocol == 58) coverage.Note("ICMPv6 over IPv4");
  if (!v4 && protocol == 1) coverage.Note("ICMP over IPv6");
  if (v4 && (protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60)) {
    coverage.Note("extension header's number over IPv4");
  }
  if (protocol == 132) coverage.Note("SCTP");
  if (!v4 && protocol == 59) coverage.Note("no next header");
}

void NoteInfrastructure(const Reading& reading, Coverage& coverage) {
  if (reading.infrastructure.contains(Infrastructure::kDhcp)) coverage.Note("in DHCP");
  if (reading.infrastructure.contains(Infrastructure::kNtp)) coverage.Note("in NTP");
  if (reading.infrastructure.contains(Infrastructure::kInstanceMetadata)) coverage.Note("in metadata");
  if (reading.infrastructure.empty() && TouchesMetadata(reading)) coverage.Note("DNS at a metadata address");
  if (reading.infrastructure.size() > 1) coverage.Note("in two classes");
}

}  // namespace

void Coverage::NoteReading(const Frame& frame, const Reading& reading) {
  const std::size_t size = frame.wire.size();
  if (size < 14) Note("shorter than an Ethernet header");
  const bool tag = size >= 16 &&
                   (frame.wire[12] * 256 + frame.wire[13] == 0x8100 || frame.wire[12] * 256 + frame.wire[13] == 0x88a8);
  if (tag && frame.outer_tag_beside) Note("tag beside the bytes");
  switch (reading.kind) {
    case Reading::Kind::kNonIp:
      return Note("non-IP");
    case Reading::Kind::kMalformed:
      if (size < 34) Note("IPv4 header beyond the frame");
      return Note("malformed");
    case Reading::Kind::kArp:
      return Note("ARP");
    case Reading::Kind::kIpv4:
      Note("IPv4");
      break;
    case Reading::Kind::kIpv6:
      Note("IPv6");
      break;
  }
  NoteTransport(reading, *this);
  NoteInfrastructure(reading, *this);
}

}  // namespace podmirror::oracle
