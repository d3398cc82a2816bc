#include "contract/codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace podmirror {
namespace {

using Json = nlohmann::ordered_json;

Json ListOf(const auto& values, auto encode) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(encode(value));
  return list;
}

Json Text(const auto& value) { return value.ToString(); }

// References are "namespace/name"; an object itself begins with its namespace and name.
Json Named(const ObjectKey& key) { return {{"namespace", key.ns}, {"name", key.name}}; }

Json EncodePorts(const PortRange& ports) { return {{"from", ports.from()}, {"to", ports.to()}}; }

Json EncodeProtocol(Protocol protocol) {
  const std::string name = protocol.ToString();
  return Protocol::FromName(name) ? Json(name) : Json(protocol.number);
}

Json EncodeRule(const Rule& rule) {
  Json json = {{"ruleNumber", rule.number}, {"action", rule.action == Action::kAccept ? "Accept" : "Reject"}};
  if (rule.protocol) json["protocol"] = EncodeProtocol(*rule.protocol);
  if (rule.source) json["sourceCIDR"] = rule.source->ToString();
  if (rule.destination) json["destinationCIDR"] = rule.destination->ToString();
  if (rule.source_ports) json["sourcePorts"] = EncodePorts(*rule.source_ports);
  if (rule.destination_ports) json["destinationPorts"] = EncodePorts(*rule.destination_ports);
  return json;
}

Json EncodeInfrastructure(std::uint8_t bits) {
  constexpr std::pair<Infrastructure, const char*> kNames[] = {{Infrastructure::kArp, "ARP"},
                                                               {Infrastructure::kDhcp, "DHCP"},
                                                               {Infrastructure::kNtp, "NTP"},
                                                               {Infrastructure::kInstanceMetadata, "InstanceMetadata"}};
  Json list = Json::array();
  for (const auto& [bit, name] : kNames) {
    if (bits & static_cast<std::uint8_t>(bit)) list.push_back(name);
  }
  return list;
}

Json EncodeFilter(const DesiredFilter& filter) {
  Json json = Named(filter.key);
  json["ingress"] = ListOf(filter.ingress, EncodeRule);
  json["egress"] = ListOf(filter.egress, EncodeRule);
  json["networkServices"] = filter.cluster_dns ? Json::array({"ClusterDNS"}) : Json::array();
  json["infrastructureTraffic"] = EncodeInfrastructure(filter.infrastructure);
  return json;
}

Json EncodeTarget(const DesiredTarget& target) {
  Json json = Named(target.key);
  json["endpoints"] = ListOf(target.endpoints, Text<SocketAddress>);
  return json;
}

Json EncodeSession(const DesiredSession& session) {
  Json json = Named(session.key);
  if (!session.uid.empty()) json["uid"] = session.uid;
  json["virtualNetworkID"] = session.vni.value();
  json["filter"] = session.filter.ToString();
  json["target"] = session.target.ToString();
  if (session.packet_length) json["packetLength"] = *session.packet_length;
  if (session.expires_at) json["expiresAt"] = FormatInstant(*session.expires_at);
  if (session.tier == Tier::kPriority) json["tier"] = "Priority";
  return json;
}

Json EncodeSource(const DesiredSource& source) {
  Json json = Named(source.pod);
  if (!source.uid.empty()) json["uid"] = source.uid;
  json["ips"] = ListOf(source.ips, Text<IpAddress>);
  json["ingress"] = ListOf(source.ingress, Text<ObjectKey>);
  json["egress"] = ListOf(source.egress, Text<ObjectKey>);
  return json;
}

void AddReason(Json& json, const std::string& reason, const std::string& message) {
  if (!reason.empty()) json["reason"] = reason;
  if (!message.empty()) json["message"] = message;
}

Json EncodeSourceReport(const SourceReport& source) {
  Json json = {{"pod", source.pod.ToString()}};
  if (!source.interface.empty()) json["interface"] = source.interface;
  AddReason(json, source.reason, source.message);
  return json;
}

Json EncodeEndpointReport(const EndpointReport& endpoint) {
  Json json = {{"endpoint", endpoint.endpoint.ToString()}};
  AddReason(json, endpoint.reason, endpoint.message);
  return json;
}

Json EncodeTruncation(const TruncationReport& truncation) {
  return {{"session", truncation.session.ToString()},
          {"interface", truncation.interface},
          {"mtu", truncation.mtu},
          {"neededMTU", truncation.needed_mtu}};
}

// Messages may quote bytes of the world; what is not UTF-8 is replaced instead of thrown.
std::string Write(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }
std::string WriteLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json EncodeState(const DesiredState& state) {
  Json json;
  json["filters"] = ListOf(state.filters, EncodeFilter);
  json["targets"] = ListOf(state.targets, EncodeTarget);
  json["sessions"] = ListOf(state.sessions, EncodeSession);
  json["sources"] = ListOf(state.sources, EncodeSource);
  json["clusterDNS"] = ListOf(state.cluster_dns, Text<SocketAddress>);
  json["collectors"] = ListOf(state.collectors, Text<SocketAddress>);
  if (!state.priority_collectors.empty()) {
    json["priorityCollectors"] = ListOf(state.priority_collectors, Text<SocketAddress>);
  }
  return json;
}

Json EncodeReport(const NodeReport& report) {
  Json json;
  json["sources"] = ListOf(report.sources, EncodeSourceReport);
  json["endpoints"] = ListOf(report.endpoints, EncodeEndpointReport);
  json["truncations"] = ListOf(report.truncations, EncodeTruncation);
  return json;
}

Json EncodeRevision(const Revision& revision) {
  return {{"leaseCreated", FormatInstant(revision.epoch.lease_created)},
          {"leaseTransitions", revision.epoch.lease_transitions},
          {"number", revision.number}};
}

// At most so many bytes of UTF-8, cut between characters.
void Cut(std::string& text, std::size_t most) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  // What is not UTF-8 grows when it is replaced.
  if (!std::ranges::all_of(text, is_ascii)) text = Json::parse(WriteLine(text)).get<std::string>();
  if (text.size() <= most) return;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
}

std::string EncodeMessage(const ReportMessage& message, std::size_t most) {
  NodeReport report = message.report;
  for (SourceReport& source : report.sources) Cut(source.message, most);
  for (EndpointReport& endpoint : report.endpoints) Cut(endpoint.message, most);
  Json json = {{"version", kMessageVersion}};
  if (message.applied) json["applied"] = EncodeRevision(*message.applied);
  json["agentVersion"] = message.agent_version;
  json["kernel"] = message.kernel;
  json["attachMode"] = message.attach_mode;
  json["report"] = EncodeReport(report);
  return WriteLine(json);
}

}  // namespace

std::string Encode(const DesiredState& state) { return Write(EncodeState(state)); }
std::string Encode(const NodeReport& report) { return Write(EncodeReport(report)); }

std::string Encode(const StateMessage& message) {
  const Json json = {{"version", kMessageVersion},
                     {"revision", EncodeRevision(message.revision)},
                     {"state", EncodeState(message.state)}};
  return WriteLine(json);
}

// Reasons matter more than their explanations.
std::string Encode(const ReportMessage& message) {
  std::string text = EncodeMessage(message, kMaxReportMessageBytes);
  return text.size() <= kMaxReportBytes ? text : EncodeMessage(message, 0);
}

}  // namespace podmirror
