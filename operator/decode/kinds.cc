#include "operator/decode/kinds.h"

#include "contract/limits.h"
#include "operator/decode/checks.h"

namespace podmirror::decode {
namespace {

constexpr std::size_t kMaxDescription = 1024;
constexpr std::size_t kMaxRuleDescription = 256;
constexpr std::size_t kMaxCidrText = 43;     // 8 groups of 4 digits, "/128"
constexpr std::size_t kMaxAddressText = 39;  // 8 groups of 4 digits
constexpr std::size_t kMaxInstantText = 64;
constexpr std::size_t kMaxLabelValue = 63;
constexpr std::size_t kMaxLabelKey = 253 + 1 + 63;
constexpr std::size_t kMaxRequirements = 32;
constexpr std::size_t kMaxRequirementValues = 64;
constexpr std::size_t kMaxDnsLabel = 63;
constexpr std::size_t kMaxDnsSubdomain = 253;

using Type = Schema::Type;

Schema Integer(std::int64_t minimum, std::int64_t maximum, std::string_view default_value = "") {
  Schema schema;
  schema.type = Type::kInteger;
  schema.minimum = minimum;
  schema.maximum = maximum;
  schema.default_value = default_value;
  return schema;
}

Schema Text(std::size_t max_length, std::string_view wanted = "", Check check = nullptr, std::size_t min_length = 0) {
  Schema schema;
  schema.wanted = wanted;
  schema.min_length = min_length;
  schema.max_length = max_length;
  schema.check = check;
  return schema;
}

Schema OneOf(std::vector<std::string_view> choices) {
  Schema schema;
  schema.choices = std::move(choices);
  return schema;
}

Schema Map(std::vector<Field> fields, std::string_view wanted = "", Check check = nullptr) {
  Schema schema;
  schema.type = Type::kObject;
  schema.fields = std::move(fields);
  schema.wanted = wanted;
  schema.check = check;
  return schema;
}

Schema List(Schema item, std::size_t max_items, Schema::ListType list_type, std::string_view wanted) {
  Schema schema;
  schema.type = Type::kList;
  schema.items = {std::move(item)};
  schema.max_items = max_items;
  schema.list_type = list_type;
  schema.wanted = wanted;
  return schema;
}

Schema CidrText() {
  Schema schema = Text(kMaxCidrText, "a range such as 10.0.0.0/8 or 2001:db8::/32", CheckCidr);
  schema.is_cidr = true;
  return schema;
}

Schema Ports() {
  return Map({{"from", Integer(0, 65535), true}, {"to", Integer(0, 65535)}}, "a map such as {from: 443, to: 443}",
             CheckPortRange);
}

Schema ProtocolChoice() {
  Schema schema;
  schema.type = Type::kIntOrString;
  schema.wanted = "TCP, UDP, SCTP, ICMP, ICMPv6, Any or a number from 0 to 255 without quotes";
  schema.default_value = "Any";
  schema.check = CheckProtocol;
  return schema;
}

Schema Rules() {
  Schema rule = Map({{"ruleNumber", Integer(kMinNumber, kMaxNumber), true},
                     {"action", OneOf({"Accept", "Reject"}), true},
                     {"protocol", ProtocolChoice()},
                     {"sourceCIDR", CidrText()},
                     {"destinationCIDR", CidrText()},
                     {"sourcePorts", Ports()},
                     {"destinationPorts", Ports()},
                     {"description", Text(kMaxRuleDescription)}},
                    "a map such as {ruleNumber: 100, action: Accept}", CheckRule);
  Schema rules = List(std::move(rule), kMaxRulesPerDirection, Schema::ListType::kMap, "a list of rules");
  rules.key = "ruleNumber";
  return rules;
}

Schema Labels() {
  Schema schema;
  schema.type = Type::kStringMap;
  schema.items = {Text(kMaxLabelValue, "a label value", CheckLabelValue)};
  schema.max_items = kMaxRequirements;
  schema.wanted = "a map such as {app: shop}";
  schema.check = CheckLabels;
  return schema;
}

Schema LabelSelector(std::string_view wanted) {
  const Schema values = List(Text(kMaxLabelValue, "a label value", CheckLabelValue), kMaxRequirementValues,
                             Schema::ListType::kAtomic, "a list of label values");
  const Schema requirement = Map({{"key", Text(kMaxLabelKey, "a label key", CheckLabelKey, 1), true},
                                  {"operator", OneOf({"In", "NotIn", "Exists", "DoesNotExist"}), true},
                                  {"values", values}},
                                 "a map such as {key: app, operator: Exists}", CheckRequirement);
  return Map(
      {{"matchLabels", Labels()},
       {"matchExpressions", List(requirement, kMaxRequirements, Schema::ListType::kAtomic, "a list of requirements")}},
      wanted);
}

Schema ObjectName() { return Text(kMaxDnsSubdomain, "a name", CheckDnsSubdomain, 1); }

Schema AllowedNamespaces() {
  Schema from = OneOf({"Same", "All", "Selector"});
  from.default_value = "Same";
  return Map({{"from", std::move(from)},
              {"selector", LabelSelector("a map such as {matchLabels: {team: shop}}, or {} for all namespaces")}},
             "a map such as {from: All}", CheckAllowedNamespaces);
}

Schema UdpPort() { return Integer(1, 65535, "4789"); }

Schema Filter() {
  return Map({{"description", Text(kMaxDescription)},
              {"ingress", Rules()},
              {"egress", Rules()},
              {"networkServices", List(OneOf({"ClusterDNS"}), 1, Schema::ListType::kSet, "a list: [ClusterDNS]")},
              {"infrastructureTraffic", List(OneOf({"ARP", "DHCP", "NTP", "InstanceMetadata"}), 4,
                                             Schema::ListType::kSet, "a list such as [ARP, DHCP]")}});
}

Schema Target() {
  Schema service =
      Map({{"name", Text(kMaxDnsLabel, "the name of a Service", CheckDnsLabel, 1), true}, {"port", UdpPort()}},
          "a map such as {name: suricata, port: 4789}");
  Schema address = Map({{"ip", Text(kMaxAddressText, "an IP address", CheckAddress), true}, {"port", UdpPort()}},
                       "a map such as {ip: 192.0.2.10, port: 4789}");
  return Map(
      {{"service", std::move(service)}, {"address", std::move(address)}, {"allowedNamespaces", AllowedNamespaces()}},
      "", CheckTarget);
}

Schema Session() {
  Schema source =
      Map({{"podSelector", LabelSelector("a map such as {matchLabels: {app: shop}}, or {} for all pods"), true},
           {"namespaceSelector", LabelSelector("a map such as {matchLabels: {team: shop}}, or {} for all namespaces")}},
          "a map such as {podSelector: {matchLabels: {app: shop}}}");
  source.later = {"interface"};
  Schema target =
      Map({{"name", ObjectName(), true}, {"namespace", Text(kMaxDnsLabel, "a namespace", CheckDnsLabel, 1)}},
          "a map such as {name: ids}, or {name: ids, namespace: security}");
  Schema paused;
  paused.type = Type::kBool;
  paused.default_value = "false";
  Schema expires_at = Text(kMaxInstantText, "a time such as 2026-12-01T00:00:00Z", CheckInstant);
  expires_at.format = "date-time";
  Schema session = Map({{"sessionNumber", Integer(kMinNumber, kMaxNumber), true},
                        {"source", std::move(source), true},
                        {"filterRef", Map({{"name", ObjectName(), true}}, "a map such as {name: web}"), true},
                        {"targetRef", std::move(target), true},
                        {"virtualNetworkID", Integer(0, kMaxVni)},
                        {"packetLength", Integer(kMinPacketLength, kMaxPacketLength)},
                        {"paused", std::move(paused)},
                        {"expiresAt", std::move(expires_at)},
                        {"description", Text(kMaxDescription)}});
  session.later = {"sampling", "rateLimit"};
  return session;
}

}  // namespace

const Schema& FilterSchema() {
  static const Schema schema = Filter();
  return schema;
}

const Schema& TargetSchema() {
  static const Schema schema = Target();
  return schema;
}

const Schema& SessionSchema() {
  static const Schema schema = Session();
  return schema;
}

}  // namespace podmirror::decode
