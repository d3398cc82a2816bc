// DesiredState: all that one node's agent needs to know, and nothing else. The operator compiles it, the agent plans
// from it. Every list is sorted, so equal states are equal byte for byte once encoded (codec.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/ip.h"
#include "contract/names.h"

namespace podmirror {

// Seen from the pod: ingress = to the pod.
enum class Direction : std::uint8_t { kIngress = 0, kEgress = 1 };
inline constexpr Direction kDirections[] = {Direction::kIngress, Direction::kEgress};

enum class Action : std::uint8_t { kAccept, kReject };

// Traffic of the platform that sessions skip unless their filter lists it. The values are bits.
enum class Infrastructure : std::uint8_t { kArp = 1, kDhcp = 2, kNtp = 4, kInstanceMetadata = 8 };

// Absent fields match everything, and packets that lack the field.
struct Rule {
  std::uint16_t number = 1;
  Action action = Action::kAccept;
  std::optional<Protocol> protocol;
  std::optional<Cidr> source;  // one family where both are there
  std::optional<Cidr> destination;
  std::optional<PortRange> source_ports;  // only with a protocol that has ports
  std::optional<PortRange> destination_ports;

  bool operator==(const Rule&) const = default;
};

struct DesiredFilter {
  ObjectKey key;
  std::vector<Rule> ingress;  // ascending by number
  std::vector<Rule> egress;
  std::uint8_t infrastructure = 0;  // bits of Infrastructure that the rules may decide; the others are excluded
  bool cluster_dns = false;         // networkServices: ClusterDNS

  const std::vector<Rule>& rules(Direction d) const { return d == Direction::kIngress ? ingress : egress; }
  bool operator==(const DesiredFilter&) const = default;
};

struct DesiredTarget {
  ObjectKey key;
  std::vector<SocketAddress> endpoints;  // ascending, usable ones; the same on every node; empty: copies end here

  bool operator==(const DesiredTarget&) const = default;
};

// Sessions of the priority tier come before all others. The loop guard covers, for a session of a tier, the collectors
// of that tier and above.
enum class Tier : std::uint8_t { kPriority, kNormal };

struct DesiredSession {
  ObjectKey key;
  std::string uid;  // empty in local mode where the file has none
  Vni vni;
  ObjectKey filter;
  ObjectKey target;
  std::optional<std::uint16_t> packet_length;  // inner bytes; absent: whole
  std::optional<Instant> expires_at;           // the agent stops by itself from here on
  Tier tier = Tier::kNormal;

  bool operator==(const DesiredSession&) const = default;
};

// A pod on this node whose packets are mirrored. The lists are in the order of evaluation; they differ only where a
// limit left a session out of one direction.
struct DesiredSource {
  ObjectKey pod;
  std::string uid;
  std::vector<IpAddress> ips;
  std::vector<ObjectKey> ingress;  // sessions
  std::vector<ObjectKey> egress;

  const std::vector<ObjectKey>& sessions(Direction d) const { return d == Direction::kIngress ? ingress : egress; }
  bool operator==(const DesiredSource&) const = default;
};

struct DesiredState {
  std::vector<DesiredFilter> filters;      // by key; only those that a session below uses
  std::vector<DesiredTarget> targets;      // by key; only those that a session below uses
  std::vector<DesiredSession> sessions;    // by key; only those that a source below uses
  std::vector<DesiredSource> sources;      // by pod
  std::vector<SocketAddress> cluster_dns;  // ascending; empty unless a filter above wants it
  std::vector<SocketAddress> collectors;   // ascending; no session of the normal tier mirrors UDP to these (no loops)
  std::vector<SocketAddress> priority_collectors;  // ascending, none of the above; no session at all does

  bool operator==(const DesiredState&) const = default;
};

}  // namespace podmirror
