#include "contract/codec.h"

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

}  // namespace

std::string Encode(const DesiredState& state) {
  Json json;
  json["filters"] = ListOf(state.filters, EncodeFilter);
  json["targets"] = ListOf(state.targets, EncodeTarget);
  json["sessions"] = ListOf(state.sessions, EncodeSession);
  json["sources"] = ListOf(state.sources, EncodeSource);
  json["clusterDNS"] = ListOf(state.cluster_dns, Text<SocketAddress>);
  json["collectors"] = ListOf(state.collectors, Text<SocketAddress>);
  return Write(json);
}

std::string Encode(const NodeReport& report) {
  Json json;
  json["sources"] = ListOf(report.sources, EncodeSourceReport);
  json["endpoints"] = ListOf(report.endpoints, EncodeEndpointReport);
  json["truncations"] = ListOf(report.truncations, EncodeTruncation);
  return Write(json);
}

}  // namespace podmirror
