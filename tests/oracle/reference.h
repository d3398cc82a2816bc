// The reference: what the API says of packets and rules, written a second time, slowly and obviously.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/desired_state.h"
#include "tests/oracle/frames.h"

namespace podmirror::oracle {

struct Reading {
  enum class Kind : std::uint8_t { kNonIp, kMalformed, kIpv4, kIpv6, kArp };

  Kind kind = Kind::kNonIp;
  Octets source;  // 4 or 16 bytes; empty for ARP
  Octets destination;
  std::optional<unsigned> protocol;
  std::optional<std::pair<unsigned, unsigned>> ports;  // source, destination
  bool fragment = false;
  std::set<Infrastructure> infrastructure;
  // Equal for two frames if and only if they are of one flow.
  std::string flow;
};

Reading Read(const Octets& wire);

// May the filters' rules be asked at all?
inline bool IsJudged(const Reading& reading) {
  return reading.kind != Reading::Kind::kNonIp && reading.kind != Reading::Kind::kMalformed;
}

bool Matches(const Rule& rule, const Reading& packet);

struct Session {
  const DesiredFilter* filter = nullptr;
  bool expired = false;
};

// Positions of sessions. Later ones than the winner are not asked.
struct Judgement {
  std::optional<int> winner;
  std::set<int> excluded;
  std::set<int> rejected;

  bool operator==(const Judgement&) const = default;
};

// Precondition: IsJudged(packet).
Judgement Judge(const std::vector<Session>& sessions, Direction direction, const Reading& packet,
                const std::vector<SocketAddress>& cluster_dns);

}  // namespace podmirror::oracle
