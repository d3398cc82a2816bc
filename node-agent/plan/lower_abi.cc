#include "node-agent/plan/lower_abi.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>

namespace podmirror::plan {
namespace {

static_assert(static_cast<int>(Infrastructure::kArp) == PM_INFRA_ARP);
static_assert(static_cast<int>(Infrastructure::kDhcp) == PM_INFRA_DHCP);
static_assert(static_cast<int>(Infrastructure::kNtp) == PM_INFRA_NTP);
static_assert(static_cast<int>(Infrastructure::kInstanceMetadata) == PM_INFRA_METADATA);
static_assert(static_cast<int>(Direction::kIngress) == PM_INGRESS);
static_assert(static_cast<int>(Direction::kEgress) == PM_EGRESS);

// An address or mask in the ABI's place: IPv4 in the last four bytes.
using Place = std::array<std::uint8_t, 16>;

int FirstByte(IpFamily family) { return family == IpFamily::kV4 ? 12 : 0; }

Place PlaceOf(const IpAddress& address) {
  Place place{};
  const int first = FirstByte(address.family());
  std::copy_n(address.bytes().begin(), 16 - first, place.begin() + first);
  return place;
}

Place MaskOf(const Cidr& cidr) {
  Place place{};
  const int first_bit = FirstByte(cidr.family()) * 8;
  for (int i = 0; i < cidr.prefix_length(); ++i) {
    const int bit = first_bit + i;
    place[bit / 8] |= 0x80 >> (bit % 8);
  }
  return place;
}

void Store(const Place& place, __u64 (&words_be)[2]) { std::memcpy(words_be, place.data(), place.size()); }

std::uint8_t NeedOf(IpFamily family) { return family == IpFamily::kV4 ? PM_NEED_V4 : PM_NEED_V6; }

std::uint16_t ToNetwork(std::uint16_t host) {
  return std::endian::native == std::endian::little ? __builtin_bswap16(host) : host;
}

// A side without ports holds 0..65535: it refuses nothing, and does not ask for ports.
void LowerPorts(const std::optional<PortRange>& ports, std::uint16_t& from, std::uint16_t& to, std::uint8_t& need) {
  from = ports ? ports->from() : 0;
  to = ports ? ports->to() : 65535;
  if (ports) need |= PM_NEED_PORTS;
}

Error TooMany(const char* what, std::size_t count, int limit) {
  return Error{"one hook holds at most " + std::to_string(limit) + " " + what + ", not " + std::to_string(count), "",
               "leave sessions or rules out"};
}

}  // namespace

pm_rule LowerRule(const Rule& rule, std::uint8_t session) {
  pm_rule lowered{};
  lowered.session = session;
  lowered.accept = rule.action == Action::kAccept;
  if (rule.source) {
    lowered.need |= NeedOf(rule.source->family());
    Store(PlaceOf(rule.source->network()), lowered.saddr_be);
    Store(MaskOf(*rule.source), lowered.smask_be);
  }
  if (rule.destination) {
    lowered.need |= NeedOf(rule.destination->family());
    Store(PlaceOf(rule.destination->network()), lowered.daddr_be);
    Store(MaskOf(*rule.destination), lowered.dmask_be);
  }
  if (rule.protocol) {
    lowered.need |= PM_NEED_PROTOCOL;
    lowered.protocol = rule.protocol->number;
  }
  LowerPorts(rule.source_ports, lowered.sport_from, lowered.sport_to, lowered.need);
  LowerPorts(rule.destination_ports, lowered.dport_from, lowered.dport_to, lowered.need);
  return lowered;
}

Result<Ruleset> LowerRuleset(const std::vector<const DesiredFilter*>& filters, Direction direction) {
  if (filters.size() > PM_MAX_SESSIONS) {
    return std::unexpected(TooMany("sessions", filters.size(), PM_MAX_SESSIONS));
  }
  std::size_t n_rules = 0;
  for (const DesiredFilter* filter : filters) n_rules += filter->rules(direction).size();
  if (n_rules > PM_MAX_RULES) return std::unexpected(TooMany("rules", n_rules, PM_MAX_RULES));

  auto ruleset = std::make_shared<pm_ruleset>();  // zeroed
  for (const DesiredFilter* filter : filters) {
    const auto session = static_cast<std::uint8_t>(ruleset->n_sessions++);
    ruleset->session[session].infrastructure = filter->infrastructure;
    ruleset->session[session].cluster_dns = filter->cluster_dns;
    for (const Rule& rule : filter->rules(direction)) ruleset->rule[ruleset->n_rules++] = LowerRule(rule, session);
  }
  return ruleset;
}

Socket LowerSocket(const SocketAddress& socket) {
  Socket lowered;
  Store(PlaceOf(socket.ip), lowered.value.addr_be);
  lowered.value.port_be = ToNetwork(socket.port);
  lowered.value.family = static_cast<std::uint16_t>(socket.ip.family());
  return lowered;
}

std::uint32_t LowerV4(const IpAddress& address) {
  std::uint32_t lowered = 0;
  std::memcpy(&lowered, address.bytes().data(), sizeof(lowered));
  return lowered;
}

SocketAddress RaiseSocket(const Socket& socket) {
  Place place;
  std::memcpy(place.data(), socket.value.addr_be, place.size());
  const std::uint16_t port = ToNetwork(socket.value.port_be);  // its own inverse
  if (socket.value.family != static_cast<std::uint16_t>(IpFamily::kV4)) return {IpAddress::V6(place), port};
  std::array<std::uint8_t, 4> v4;
  std::copy_n(place.begin() + FirstByte(IpFamily::kV4), v4.size(), v4.begin());
  return {IpAddress::V4(v4), port};
}

IpAddress RaiseV4(std::uint32_t address_be) {
  std::array<std::uint8_t, 4> bytes;
  std::memcpy(bytes.data(), &address_be, bytes.size());
  return IpAddress::V4(bytes);
}

}  // namespace podmirror::plan
