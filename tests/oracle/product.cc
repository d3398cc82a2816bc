#include "tests/oracle/product.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node-agent/bpf/flow.h"
#include "node-agent/bpf/parse.h"
#include "node-agent/plan/lower_abi.h"

namespace podmirror::oracle {
namespace {

Reading::Kind KindOf(const pm_packet& packet) {
  switch (packet.kind) {
    case PM_PACKET_IP4:
      return Reading::Kind::kIpv4;
    case PM_PACKET_IP6:
      return Reading::Kind::kIpv6;
    case PM_PACKET_ARP:
      return Reading::Kind::kArp;
    case PM_PACKET_MALFORMED:
      return Reading::Kind::kMalformed;
    default:
      return Reading::Kind::kNonIp;
  }
}

Octets AddressOf(const pm_packet& packet, const __u64 (&words_be)[2]) {
  if (packet.kind == PM_PACKET_ARP) return {};
  Octets all(16);
  std::memcpy(all.data(), words_be, 16);
  if (packet.kind != PM_PACKET_IP4) return all;
  return {all.begin() + 12, all.end()};
}

std::set<Infrastructure> InfrastructureOf(const pm_packet& packet) {
  std::set<Infrastructure> classes;
  for (const Infrastructure one :
       {Infrastructure::kArp, Infrastructure::kDhcp, Infrastructure::kNtp, Infrastructure::kInstanceMetadata}) {
    if (packet.infrastructure & static_cast<std::uint8_t>(one)) classes.insert(one);
  }
  return classes;
}

std::set<int> PositionsOf(std::uint32_t mask) {
  std::set<int> positions;
  for (int i = 0; i < 32; ++i) {
    if (mask >> i & 1) positions.insert(i);
  }
  return positions;
}

std::string PacketDifference(const Reading& reading, const pm_packet& packet) {
  if (KindOf(packet) != reading.kind) return "kind";
  if (!IsJudged(reading)) return "";
  if (AddressOf(packet, packet.saddr_be) != reading.source) return "source";
  if (AddressOf(packet, packet.daddr_be) != reading.destination) return "destination";
  const bool has_protocol = packet.have & PM_NEED_PROTOCOL;
  if (has_protocol != reading.protocol.has_value()) return "whether there is a protocol";
  if (has_protocol && packet.protocol != *reading.protocol) return "protocol";
  const bool has_ports = pm_has_ports(&packet);
  if (has_ports != reading.ports.has_value()) return "whether there are ports";
  if (has_ports && std::pair<unsigned, unsigned>(packet.sport, packet.dport) != *reading.ports) return "ports";
  if ((packet.is_fragment != 0) != reading.fragment) return "whether it is a fragment";
  if (InfrastructureOf(packet) != reading.infrastructure) return "infrastructure";
  return "";
}

bool InServices(const World& world, const pm_socket& socket) {
  for (const SocketAddress& dns : world.cluster_dns) {
    const plan::Socket key = plan::LowerSocket(dns);
    if (std::memcmp(&key.value, &socket, sizeof(socket)) == 0) return true;
  }
  return false;
}

bool IsClusterDns(const World& world, const pm_packet& packet) {
  if (!pm_may_be_service(&packet)) return false;
  pm_socket ends[2];
  for (const int destination : {0, 1}) pm_packet_socket(&packet, destination, &ends[destination]);
  return InServices(world, ends[0]) || InServices(world, ends[1]);
}

}  // namespace

void Lower(World& world) {
  std::vector<const DesiredFilter*> filters;
  for (const DesiredFilter& filter : world.filters) filters.push_back(&filter);
  Result<plan::Ruleset> lowered = plan::LowerRuleset(filters, world.direction);
  if (!lowered) {
    std::fprintf(stderr, "%s\n", Describe(lowered.error()).c_str());
    std::abort();
  }
  world.ruleset = *lowered;
}

Held HeldByKernel(const Frame& frame) {
  constexpr std::size_t kTag = 12;  // where the outermost tag stands
  if (!frame.outer_tag_beside || frame.wire.size() < kTag + 4) return {frame.wire};
  const unsigned tag = frame.wire[kTag] * 256u + frame.wire[kTag + 1];
  if (tag != 0x8100 && tag != 0x88a8) return {frame.wire};
  Held held{frame.wire, static_cast<std::uint16_t>(tag)};
  held.bytes.erase(held.bytes.begin() + kTag, held.bytes.begin() + kTag + 4);
  return held;
}

pm_packet ParseNative(const Frame& frame) {
  const Held held = HeldByKernel(frame);
  const pm_frame native{held.bytes.data(), static_cast<__u32>(held.bytes.size()), held.tag};
  pm_packet packet;
  pm_parse(&native, &packet);
  return packet;
}

Outcome RunNative(const World& world, const Frame& frame) {
  Outcome outcome{};
  outcome.packet = ParseNative(frame);
  if (outcome.packet.kind < PM_PACKET_IP4) return outcome;
  const bool dns = IsClusterDns(world, outcome.packet);
  outcome.match = pm_match(world.ruleset.get(), &outcome.packet, dns, world.expired);
  outcome.flow_hash = pm_flow_hash(&outcome.packet);
  return outcome;
}

Judgement Judge(const World& world, const Reading& reading) {
  std::vector<Session> sessions;
  for (std::size_t i = 0; i < world.filters.size(); ++i) {
    sessions.push_back({&world.filters[i], (world.expired >> i & 1) != 0});
  }
  return Judge(sessions, world.direction, reading, world.cluster_dns);
}

std::string Difference(const World& world, const Reading& reading, const Outcome& outcome) {
  const std::string packet = PacketDifference(reading, outcome.packet);
  if (!packet.empty() || !IsJudged(reading)) return packet;
  const Judgement expected = Judge(world, reading);
  Judgement actual;
  if (outcome.match.winner != PM_NO_SESSION) actual.winner = outcome.match.winner;
  actual.excluded = PositionsOf(outcome.match.excluded);
  actual.rejected = PositionsOf(outcome.match.rejected);
  if (actual.winner != expected.winner) return "winner";
  if (actual.excluded != expected.excluded) return "excluded";
  return actual.rejected == expected.rejected ? "" : "rejected";
}

}  // namespace podmirror::oracle
