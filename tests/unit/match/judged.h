// Words for the handwritten tests. Each of them asks the product and demands that the reference says the same, so the
// tables judge both.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/oracle/product.h"

namespace podmirror::oracle {

inline constexpr std::uint8_t kAllInfrastructure = 15;

inline DesiredFilter FilterOf(std::vector<Rule> rules, std::uint8_t infrastructure = kAllInfrastructure) {
  DesiredFilter filter;
  filter.ingress = std::move(rules);
  filter.infrastructure = infrastructure;
  return filter;
}

inline World WorldOf(std::vector<DesiredFilter> filters) {
  World world;
  world.filters = std::move(filters);
  Lower(world);
  return world;
}

inline Outcome Run(const World& world, const Frame& frame) {
  const Outcome outcome = RunNative(world, frame);
  EXPECT_EQ(Difference(world, Read(frame.wire), outcome), "") << Hex(frame.wire);
  return outcome;
}

inline pm_packet Parse(const Frame& frame) { return Run(WorldOf({}), frame).packet; }

// The only session's filter has these rules, and lists all infrastructure.
inline bool Accepted(const std::vector<Rule>& rules, const Frame& frame) {
  const Outcome outcome = Run(WorldOf({FilterOf(rules)}), frame);
  return outcome.packet.kind >= PM_PACKET_IP4 && outcome.match.winner == 0;
}

inline bool Accepted(const Rule& rule, const Frame& frame) { return Accepted(std::vector<Rule>{rule}, frame); }

inline std::uint32_t Hash(const Frame& frame) { return Run(WorldOf({}), frame).flow_hash; }

// A protocol's number, -1 where there is none.
inline int ProtocolOf(const Frame& frame) {
  const pm_packet packet = Parse(frame);
  return packet.have & PM_NEED_PROTOCOL ? packet.protocol : -1;
}

// "1000>53", or "none".
inline std::string PortsOf(const Frame& frame) {
  const pm_packet packet = Parse(frame);
  if (!pm_has_ports(&packet)) return "none";
  return std::to_string(packet.sport) + ">" + std::to_string(packet.dport);
}

inline Rule FromTo(const char* source, const char* destination) {
  Rule rule;
  if (*source != '\0') rule.source = *Cidr::Parse(source);
  if (*destination != '\0') rule.destination = *Cidr::Parse(destination);
  return rule;
}

inline Rule Of(Protocol protocol) {
  Rule rule;
  rule.protocol = protocol;
  return rule;
}

inline Rule ToPorts(Protocol protocol, std::int64_t from, std::int64_t to) {
  Rule rule = Of(protocol);
  rule.destination_ports = *PortRange::Make(from, to);
  return rule;
}

inline Rule FromPorts(Protocol protocol, std::int64_t from, std::int64_t to) {
  Rule rule = Of(protocol);
  rule.source_ports = *PortRange::Make(from, to);
  return rule;
}

inline Rule Rejecting(Rule rule) {
  rule.action = Action::kReject;
  return rule;
}

inline Octets Cut(Octets octets, std::size_t length) {
  octets.resize(length);
  return octets;
}

inline Frame CutTo(Frame frame, std::size_t length) {
  frame.wire.resize(length);
  return frame;
}

}  // namespace podmirror::oracle
