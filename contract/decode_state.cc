#include <algorithm>
#include <limits>

#include "contract/codec.h"
#include "contract/decode.h"
#include "contract/limits.h"

namespace podmirror {
namespace {

using json::Fields;
using json::Value;

// Lists that only the size of a message bounds.
constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMaxIps = 16;  // of one pod; Kubernetes gives it two

const auto kOwnKey = [](const auto& object) -> const ObjectKey& { return object.key; };
const auto kItself = [](const auto& element) -> const auto& { return element; };

Action ReadAction(const Value& value) {
  const std::string text = value.Text(16);
  if (text == "Reject") return Action::kReject;
  if (text != "Accept") value.Blame(json::Quote(text) + " is not an action", "write Accept or Reject");
  return Action::kAccept;
}

// By name where it has one, else by number.
Protocol ReadProtocol(const Value& value) {
  if (value.json().is_string()) {
    const std::string name = value.Text(16);
    const auto protocol = Protocol::FromName(name);
    if (!protocol.has_value()) value.Blame(json::Quote(name) + " is not a protocol's name");
    return protocol.value_or(Protocol{});
  }
  const Protocol protocol{static_cast<std::uint8_t>(value.Number(0, 255))};
  const std::string name = protocol.ToString();
  if (Protocol::FromName(name).has_value()) value.Blame("has a name", "write " + name);
  return protocol;
}

Cidr ReadCidr(const Value& value) {
  const std::string text = value.Text(64);
  const Result<Cidr> cidr = Cidr::Parse(text);
  if (cidr.has_value() && cidr->ToString() != text) value.Blame("is not as we write it", "write " + cidr->ToString());
  return value.Parsed(cidr);
}

PortRange ReadPorts(const Value& value) {
  Fields fields(value);
  const auto number = [](const Value& v) { return v.Number(0, 65535); };
  const std::int64_t from = fields.Get("from", number);
  const std::int64_t to = fields.Get("to", number);
  return value.Parsed(PortRange::Make(from, to));
}

Rule ReadRule(const Value& value) {
  Fields fields(value);
  Rule rule;
  rule.number = fields.Get("ruleNumber",
                           [](const Value& v) { return static_cast<std::uint16_t>(v.Number(kMinNumber, kMaxNumber)); });
  rule.action = fields.Get("action", ReadAction);
  rule.protocol = fields.GetIfThere("protocol", ReadProtocol);
  rule.source = fields.GetIfThere("sourceCIDR", ReadCidr);
  rule.destination = fields.GetIfThere("destinationCIDR", ReadCidr);
  rule.source_ports = fields.GetIfThere("sourcePorts", ReadPorts);
  rule.destination_ports = fields.GetIfThere("destinationPorts", ReadPorts);
  if (rule.source && rule.destination && rule.source->family() != rule.destination->family()) {
    value.Blame("mixes IPv4 and IPv6");
  }
  if ((rule.source_ports || rule.destination_ports) && !(rule.protocol && rule.protocol->has_ports())) {
    value.Blame("names ports without a protocol that has ports");
  }
  return rule;
}

std::vector<Rule> ReadRules(const Value& value) {
  std::vector<Rule> rules = value.List(kMaxRulesPerDirection, ReadRule);
  value.CheckAscending(rules, [](const Rule& rule) { return rule.number; });
  return rules;
}

bool ReadNetworkServices(const Value& value) {
  const auto names = value.List(1, [](const Value& v) { return v.Text(32); });
  if (!names.empty() && names[0] != "ClusterDNS") {
    value.Blame(json::Quote(names[0]) + " is not a network service", "write ClusterDNS");
  }
  return !names.empty();
}

std::uint8_t InfrastructureBit(const Value& value) {
  const std::string name = value.Text(32);
  if (name == "ARP") return static_cast<std::uint8_t>(Infrastructure::kArp);
  if (name == "DHCP") return static_cast<std::uint8_t>(Infrastructure::kDhcp);
  if (name == "NTP") return static_cast<std::uint8_t>(Infrastructure::kNtp);
  if (name == "InstanceMetadata") return static_cast<std::uint8_t>(Infrastructure::kInstanceMetadata);
  value.Blame(json::Quote(name) + " is not infrastructure traffic", "write ARP, DHCP, NTP or InstanceMetadata");
  return 0;
}

// In the order of the bits.
std::uint8_t ReadInfrastructure(const Value& value) {
  const std::vector<std::uint8_t> bits = value.List(4, InfrastructureBit);
  value.CheckAscending(bits, kItself);
  std::uint8_t sum = 0;
  for (const std::uint8_t bit : bits) sum |= bit;
  return sum;
}

DesiredFilter ReadFilter(const Value& value) {
  Fields fields(value);
  DesiredFilter filter;
  filter.key = json::ReadNamed(fields);
  filter.ingress = fields.Get("ingress", ReadRules);
  filter.egress = fields.Get("egress", ReadRules);
  filter.cluster_dns = fields.Get("networkServices", ReadNetworkServices);
  filter.infrastructure = fields.Get("infrastructureTraffic", ReadInfrastructure);
  return filter;
}

std::vector<SocketAddress> ReadSockets(const Value& value) {
  std::vector<SocketAddress> sockets = value.List(kAny, json::ReadSocket);
  value.CheckAscending(sockets, kItself);
  return sockets;
}

DesiredTarget ReadTarget(const Value& value) {
  Fields fields(value);
  DesiredTarget target;
  target.key = json::ReadNamed(fields);
  target.endpoints = fields.Get("endpoints", ReadSockets);
  return target;
}

// Absent where it is empty.
std::string ReadUid(Fields& fields) {
  return fields
      .GetIfThere("uid",
                  [](const Value& v) {
                    std::string uid = v.Text(json::kMaxUid);
                    if (uid.empty()) v.Blame("is empty", "leave it out");
                    return uid;
                  })
      .value_or("");
}

// The normal tier is not written.
Tier ReadTier(const Value& value) {
  const std::string text = value.Text(16);
  if (text != "Priority")
    value.Blame(json::Quote(text) + " is not a tier that is written", "write Priority, or nothing");
  return Tier::kPriority;
}

DesiredSession ReadSession(const Value& value) {
  Fields fields(value);
  DesiredSession session;
  session.key = json::ReadNamed(fields);
  session.uid = ReadUid(fields);
  session.vni =
      fields.Get("virtualNetworkID", [](const Value& v) { return v.Parsed(Vni::Make(v.Number(0, kMaxVni))); });
  session.filter = fields.Get("filter", json::ReadReference);
  session.target = fields.Get("target", json::ReadReference);
  session.packet_length = fields.GetIfThere("packetLength", [](const Value& v) {
    return static_cast<std::uint16_t>(v.Number(kMinPacketLength, kMaxPacketLength));
  });
  session.expires_at = fields.GetIfThere("expiresAt", json::ReadInstant);
  session.tier = fields.GetIfThere("tier", ReadTier).value_or(Tier::kNormal);
  return session;
}

std::vector<ObjectKey> ReadSessionsOfPod(const Value& value) {
  std::vector<ObjectKey> sessions = value.List(kMaxSessionsPerPod, json::ReadReference);
  for (std::size_t i = 1; i < sessions.size(); ++i) {
    const auto before = sessions.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(sessions.begin(), before, sessions[i]) == before) continue;
    Value(value.json()[i], value, i).Blame(sessions[i].ToString() + " is in the list twice");
  }
  return sessions;
}

DesiredSource ReadSource(const Value& value) {
  Fields fields(value);
  DesiredSource source;
  source.pod = json::ReadNamed(fields);
  source.uid = ReadUid(fields);
  source.ips = fields.Get("ips", [](const Value& v) { return v.List(kMaxIps, json::ReadIp); });
  source.ingress = fields.Get("ingress", ReadSessionsOfPod);
  source.egress = fields.Get("egress", ReadSessionsOfPod);
  return source;
}

template <typename Read>
auto ReadObjects(Fields& fields, std::string_view name, Read read) {
  return fields.Get(name, [&](const Value& value) {
    auto objects = value.List(kAny, read);
    value.CheckAscending(objects, kOwnKey);
    return objects;
  });
}

// `objects` are sorted by key.
void CheckReference(const auto& objects, const ObjectKey& key, const Value& state, const std::string& from,
                    std::string_view list) {
  if (std::ranges::binary_search(objects, key, {}, kOwnKey)) return;
  state.Blame(from + " refers to " + key.ToString() + ", which is not among the " + std::string(list));
}

void CheckReferences(const Value& value, const DesiredState& state) {
  for (const DesiredSession& session : state.sessions) {
    const std::string from = "session " + session.key.ToString();
    CheckReference(state.filters, session.filter, value, from, "filters");
    CheckReference(state.targets, session.target, value, from, "targets");
  }
  for (const DesiredSource& source : state.sources) {
    for (const Direction direction : kDirections) {
      for (const ObjectKey& session : source.sessions(direction)) {
        CheckReference(state.sessions, session, value, "source " + source.pod.ToString(), "sessions");
      }
    }
  }
}

// Left out where it is empty.
std::vector<SocketAddress> ReadPriorityCollectors(const Value& value) {
  std::vector<SocketAddress> sockets = ReadSockets(value);
  if (value.json().empty()) value.Blame("is empty", "leave it out");
  return sockets;
}

DesiredState ReadState(const Value& value) {
  DesiredState state;
  {
    Fields fields(value);
    state.filters = ReadObjects(fields, "filters", ReadFilter);
    state.targets = ReadObjects(fields, "targets", ReadTarget);
    state.sessions = ReadObjects(fields, "sessions", ReadSession);
    state.sources = fields.Get("sources", [](const Value& v) {
      auto sources = v.List(kAny, ReadSource);
      v.CheckAscending(sources, [](const DesiredSource& source) -> const ObjectKey& { return source.pod; });
      return sources;
    });
    state.cluster_dns = fields.Get("clusterDNS", ReadSockets);
    state.collectors = fields.Get("collectors", ReadSockets);
    state.priority_collectors =
        fields.GetIfThere("priorityCollectors", ReadPriorityCollectors).value_or(std::vector<SocketAddress>{});
  }
  CheckReferences(value, state);
  return state;
}

}  // namespace

Result<StateMessage> DecodeStateMessage(std::string_view text) {
  const Result<json::Json> document = json::Parse(text, kMaxStateBytes);
  if (!document.has_value()) return std::unexpected(document.error());
  std::optional<Error> fault;
  StateMessage message;
  {
    const Value root(*document, fault);
    Fields fields(root);
    json::CheckVersion(fields);
    message.revision = fields.Get("revision", json::ReadRevision);
    message.state = fields.Get("state", ReadState);
  }
  if (fault.has_value()) return std::unexpected(std::move(*fault));
  return message;
}

}  // namespace podmirror
