#include <algorithm>

#include "operator/decode/kind_decoders.h"

namespace podmirror::decode {
namespace {

std::optional<Protocol> DecodeProtocol(const Node* protocol) {
  if (protocol == nullptr) return std::nullopt;
  if (protocol->kind == Node::Kind::kInteger) return Protocol{static_cast<std::uint8_t>(protocol->integer)};
  return Protocol::FromName(protocol->text);  // Any is no name: every protocol
}

std::optional<Cidr> DecodeCidr(const Node* cidr) {
  if (cidr == nullptr) return std::nullopt;
  return Cidr::Parse(cidr->text).value();
}

std::optional<PortRange> DecodePorts(const Node* ports) {
  if (ports == nullptr) return std::nullopt;
  const Node* from = ports->Find("from");
  const Node* to = ports->Find("to");
  return PortRange::Make(from->integer, (to == nullptr ? from : to)->integer).value();
}

Rule DecodeRule(const Node& node) {
  Rule rule;
  rule.number = static_cast<std::uint16_t>(node.Find("ruleNumber")->integer);
  rule.action = node.Find("action")->text == "Accept" ? Action::kAccept : Action::kReject;
  rule.protocol = DecodeProtocol(node.Find("protocol"));
  rule.source = DecodeCidr(node.Find("sourceCIDR"));
  rule.destination = DecodeCidr(node.Find("destinationCIDR"));
  rule.source_ports = DecodePorts(node.Find("sourcePorts"));
  rule.destination_ports = DecodePorts(node.Find("destinationPorts"));
  return rule;
}

std::vector<Rule> DecodeRules(const Node* list) {
  std::vector<Rule> rules;
  if (list == nullptr) return rules;
  for (const Node& item : list->items) rules.push_back(DecodeRule(item));
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.number < b.number; });
  return rules;
}

Infrastructure InfrastructureOf(std::string_view name) {
  if (name == "ARP") return Infrastructure::kArp;
  if (name == "DHCP") return Infrastructure::kDhcp;
  if (name == "NTP") return Infrastructure::kNtp;
  return Infrastructure::kInstanceMetadata;
}

}  // namespace

api::FilterSpec DecodeFilter(const Node& spec) {
  api::FilterSpec filter;
  filter.ingress = DecodeRules(spec.Find("ingress"));
  filter.egress = DecodeRules(spec.Find("egress"));
  if (const Node* names = spec.Find("infrastructureTraffic")) {
    for (const Node& name : names->items)
      filter.infrastructure |= static_cast<std::uint8_t>(InfrastructureOf(name.text));
  }
  const Node* services = spec.Find("networkServices");
  filter.cluster_dns = services != nullptr && !services->items.empty();
  return filter;
}

}  // namespace podmirror::decode
