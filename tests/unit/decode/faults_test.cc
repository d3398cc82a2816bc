// Every wrong field of our kinds: its path, what is wrong and what to write instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/reasons.h"
#include "operator/decode/decode.h"

namespace podmirror::decode {
namespace {

using testing::HasSubstr;

struct Case {
  std::string yaml;  // what stands in the place under test
  std::string path;
  std::string message;  // a part of "what; fix"
};

api::Invalid Judge(const std::string& kind, const std::string& spec) {
  const std::string text =
      "apiVersion: podmirror.io/v1alpha1\nkind: " + kind + "\nmetadata: {name: a}\nspec: " + spec + "\n";
  const Result<std::vector<Node>> documents = ReadYaml(text);
  if (!documents) return {documents.error(), "unreadable"};
  const Result<Decoded> decoded = Decode(documents->front());
  if (!decoded) return {decoded.error(), "error"};
  return std::visit(
      [](const auto& object) -> api::Invalid {
        if constexpr (requires { object.spec; }) {
          return object.spec ? api::Invalid{{}, "valid"} : object.spec.error();
        } else {
          return {{}, "another kind"};
        }
      },
      *decoded);
}

void Expect(const api::Invalid& invalid, const Case& expected, std::string_view reason) {
  EXPECT_EQ(invalid.reason, reason) << expected.yaml;
  EXPECT_TRUE(invalid.error.where.ends_with(" " + expected.path))
      << expected.yaml << "\n is at " << invalid.error.where << "\n not at " << expected.path;
  EXPECT_THAT(invalid.error.what + "; " + invalid.error.fix, HasSubstr(expected.message)) << expected.yaml;
}

void ExpectRule(const Case& expected, std::string_view reason = reason::kFilterInvalid) {
  Expect(Judge("TrafficMirrorFilter", "{egress: [{" + expected.yaml + "}]}"),
         {expected.yaml, "spec.egress[0]" + expected.path, expected.message}, reason);
}

void ExpectSession(const Case& expected) {
  Expect(Judge("TrafficMirrorSession", "{" + expected.yaml + "}"), expected, reason::kSessionInvalid);
}

void ExpectTarget(const Case& expected) {
  Expect(Judge("TrafficMirrorTarget", "{" + expected.yaml + "}"), expected, reason::kTargetInvalid);
}

void ExpectFilter(const Case& expected) {
  Expect(Judge("TrafficMirrorFilter", "{" + expected.yaml + "}"), expected, reason::kFilterInvalid);
}

TEST(RuleFaults, Numbers) {
  ExpectRule({"action: Accept", ".ruleNumber", "write ruleNumber: a number from 1 to 32766"});
  ExpectRule({"ruleNumber: 0, action: Accept", ".ruleNumber", "0 is out of range; write a number from 1 to 32766"});
  ExpectRule({"ruleNumber: 32767, action: Accept", ".ruleNumber", "32767 is out of range"});
  ExpectRule({"ruleNumber: -1, action: Accept", ".ruleNumber", "out of range"});
  ExpectRule({"ruleNumber: '5', action: Accept", ".ruleNumber", "write 5 without quotes"});
  ExpectRule({"ruleNumber: 1.5, action: Accept", ".ruleNumber", "1.5 is not a whole number"});
  ExpectRule({"ruleNumber: 99999999999999999999, action: Accept", ".ruleNumber", "not a whole number in range"});
  ExpectRule({"ruleNumber: [1], action: Accept", ".ruleNumber", "is a list, not a number"});
  ExpectRule({"ruleNumber: , action: Accept", ".ruleNumber", "is empty; write a number from 1 to 32766, or remove"});
}

TEST(RuleFaults, Actions) {
  ExpectRule({"ruleNumber: 1", ".action", "write action: Accept or Reject"});
  ExpectRule({"ruleNumber: 1, action: accept", ".action", "write Accept"});
  ExpectRule({"ruleNumber: 1, action: Drop", ".action", "write Accept or Reject"});
  ExpectRule({"ruleNumber: 1, action: true", ".action", "is true or false, not Accept or Reject"});
}

TEST(RuleFaults, Protocols) {
  const std::string rule = "ruleNumber: 1, action: Accept, protocol: ";
  ExpectRule({rule + "tcp", ".protocol", "\"tcp\" is not a protocol; write TCP"});
  ExpectRule({rule + "ICMPV6", ".protocol", "write ICMPv6"});
  ExpectRule({rule + "any", ".protocol", "write Any"});
  ExpectRule({rule + "\"6\"", ".protocol", "write 6 without quotes"});
  ExpectRule({rule + "\"300\"", ".protocol", "a number from 0 to 255 without quotes"});
  ExpectRule({rule + "256", ".protocol", "256 is not a protocol"});
  ExpectRule({rule + "-1", ".protocol", "-1 is not a protocol"});
  ExpectRule({rule + "GRE", ".protocol", "write TCP, UDP, SCTP, ICMP, ICMPv6, Any or a number"});
  ExpectRule({rule + "''", ".protocol", "a number from 0 to 255"});
  ExpectRule({rule + "6.0", ".protocol", "a number from 0 to 255"});
  ExpectRule({rule + "true", ".protocol", "a number from 0 to 255"});
  ExpectRule({rule + "[TCP]", ".protocol", "is a list"});
}

TEST(RuleFaults, CidrsHaveTheirOwnReason) {
  const std::string rule = "ruleNumber: 1, action: Accept, ";
  for (const std::string field : {"sourceCIDR", "destinationCIDR"}) {
    const auto expect = [&](const std::string& value, const std::string& message) {
      ExpectRule({rule + field + ": " + value, "." + field, message}, reason::kBadCidr);
    };
    expect("10.1.2.3/8", "write 10.0.0.0/8");
    expect("010.0.0.0/8", "write 10.0.0.0/8");
    expect("10.0.0.0/08", "write 10.0.0.0/8");
    expect("'::ffff:10.0.0.0/104'", "write 10.0.0.0/8");
    expect("10.0.0.1", "write 10.0.0.1/32");
    expect("10.0.0.0/33", "from 0 to 32");
    expect("example.org", "for example 10.0.0.0/8, 192.0.2.7/32 or 2001:db8::/32");
    expect("2001:0db8:0000:0000:0000:0000:0000:0000:0000/128", "more than 43");
    expect("7", "quote it");
    expect("''", "for example 10.0.0.0/8");
  }
}

TEST(RuleFaults, BothCidrsAreOfOneFamily) {
  ExpectRule(
      {"ruleNumber: 1, action: Accept, sourceCIDR: 10.0.0.0/8, destinationCIDR: 2001:db8::/32", ".destinationCIDR",
       "sourceCIDR 10.0.0.0/8 and destinationCIDR 2001:db8::/32 must be of one family; write one rule for IPv4 and "
       "one for IPv6"});
}

TEST(RuleFaults, PortsNeedAProtocolThatHasPorts) {
  const std::string message = "ports need protocol TCP, UDP or SCTP (protocol is Any when absent); set it, or remove";
  const std::string rule = "ruleNumber: 1, action: Accept, ";
  ExpectRule({rule + "destinationPorts: {from: 443}", ".protocol", message});
  ExpectRule({rule + "protocol: Any, destinationPorts: {from: 443}", ".protocol", message});
  ExpectRule({rule + "protocol: ICMP, sourcePorts: {from: 1}", ".protocol", message});
  ExpectRule({rule + "protocol: 1, sourcePorts: {from: 1}", ".protocol", message});
  ExpectRule({rule + "protocol: 136, sourcePorts: {from: 1}", ".protocol", message});
}

TEST(RuleFaults, Ports) {
  const std::string rule = "ruleNumber: 1, action: Accept, protocol: TCP, ";
  for (const std::string field : {"sourcePorts", "destinationPorts"}) {
    const auto expect = [&](const std::string& value, const std::string& path, const std::string& message) {
      ExpectRule({rule + field + ": " + value, "." + field + path, message});
    };
    expect("{to: 443}", ".from", "the field from is missing");
    expect("{}", ".from", "write from: a number from 0 to 65535");
    expect("{from: 443, to: 80}", "", "443 is above 80; swap them");
    expect("{from: 443, to: 70000}", ".to", "write a number from 0 to 65535");
    expect("{from: -1}", ".from", "write a number from 0 to 65535");
    expect("{from: \"443\"}", ".from", "write 443 without quotes");
    expect("{from: http}", ".from", "write a number from 0 to 65535");
    expect("[443]", "", "write a map such as {from: 443, to: 443}");
    expect("443", "", "write a map such as {from: 443, to: 443}");
    expect("{from: 1, too: 2}", ".too", "write to (known fields: from, to)");
  }
}

TEST(RuleFaults, UnknownFieldsAndTexts) {
  ExpectRule(
      {"ruleNumber: 1, action: Accept, sourceCidr: 10.0.0.0/8", ".sourceCidr", "write sourceCIDR (known fields: "});
  ExpectRule({"ruleNumber: 1, action: Accept, vlan: 7", ".vlan", "known fields: ruleNumber, action, protocol"});
  ExpectRule({"ruleNumber: 1, action: Accept, description: " + std::string(257, 'x'), ".description",
              "has 257 characters, more than 256; shorten it to 256"});
  ExpectRule({"ruleNumber: 1, action: Accept, description: 7", ".description", "quote it: \"7\""});
}

TEST(FilterFaults, Lists) {
  ExpectFilter({"ingress: {ruleNumber: 1}", "spec.ingress", "is a map, not a list of rules"});
  ExpectFilter({"ingress: [5]", "spec.ingress[0]", "a map such as {ruleNumber: 100, action: Accept}"});
  ExpectFilter({"ingress: ", "spec.ingress", "is empty"});
  ExpectFilter({"networkServices: [DNS]", "spec.networkServices[0]", "write ClusterDNS"});
  ExpectFilter({"networkServices: [ClusterDNS, ClusterDNS]", "spec.networkServices", "more than 1"});
  ExpectFilter({"infrastructureTraffic: [arp]", "spec.infrastructureTraffic[0]", "write ARP"});
  ExpectFilter({"infrastructureTraffic: [ARP, NTP, ARP]", "spec.infrastructureTraffic[2]", "\"ARP\" stands twice"});
  ExpectFilter({"infrastructureTraffic: ARP", "spec.infrastructureTraffic", "a list such as [ARP, DHCP]"});
  ExpectFilter({"description: " + std::string(1025, 'x'), "spec.description", "more than 1024"});
  ExpectFilter({"rules: []", "spec.rules", "known fields: description, ingress, egress"});
}

TEST(FilterFaults, RuleNumbersAreUniqueInEachDirection) {
  ExpectFilter(
      {"ingress: [{ruleNumber: 100, action: Accept}, {ruleNumber: 7, action: Accept}, {ruleNumber: 100, action: "
       "Reject}]",
       "spec.ingress[2].ruleNumber", "ruleNumber 100 is taken by spec.ingress[0]; give it a ruleNumber of its own"});
  EXPECT_EQ(Judge("TrafficMirrorFilter",
                  "{ingress: [{ruleNumber: 100, action: Accept}], egress: [{ruleNumber: 100, action: Accept}]}")
                .reason,
            "valid");
}

TEST(FilterFaults, AtMost256RulesInEachDirection) {
  const auto rules = [](int count) {
    std::string text = "[";
    for (int i = 1; i <= count; ++i) text += "{ruleNumber: " + std::to_string(i) + ", action: Accept}, ";
    return text + "]";
  };
  EXPECT_EQ(Judge("TrafficMirrorFilter", "{ingress: " + rules(256) + ", egress: " + rules(256) + "}").reason, "valid");
  ExpectFilter({"egress: " + rules(257), "spec.egress", "has 257 entries, more than 256; keep at most 256"});
}

TEST(TargetFaults, Services) {
  ExpectTarget({"service: {}", "spec.service.name", "write name: the name of a Service"});
  ExpectTarget({"service: {name: IDS.security}", "spec.service.name", "lower-case letters, digits and '-'"});
  ExpectTarget({"service: {name: ids.security}", "spec.service.name", "is not a name"});
  ExpectTarget({"service: {name: ''}", "spec.service.name", "is an empty string"});
  ExpectTarget({"service: {name: " + std::string(64, 'a') + "}", "spec.service.name", "more than 63"});
  ExpectTarget({"service: {name: ids, port: 0}", "spec.service.port", "write a number from 1 to 65535"});
  ExpectTarget({"service: {name: ids, port: 65536}", "spec.service.port", "write a number from 1 to 65535"});
  ExpectTarget({"service: {name: ids, port: vxlan}", "spec.service.port", "\"vxlan\" is a string"});
  ExpectTarget({"service: {name: ids, namespace: other}", "spec.service.namespace", "known fields: name, port"});
  ExpectTarget({"service: ids", "spec.service", "a map such as {name: suricata, port: 4789}"});
}

TEST(TargetFaults, Addresses) {
  ExpectTarget({"address: {port: 4789}", "spec.address.ip", "the field ip is missing"});
  ExpectTarget({"address: {ip: 192.0.2.1/32}", "spec.address.ip", "write 192.0.2.1"});
  ExpectTarget({"address: {ip: 192.0.02.1}", "spec.address.ip", "write 192.0.2.1"});
  ExpectTarget({"address: {ip: '::ffff:192.0.2.1'}", "spec.address.ip", "write 192.0.2.1"});
  ExpectTarget({"address: {ip: collector.example.org}", "spec.address.ip", "for example 192.0.2.10 or 2001:db8::10"});
  ExpectTarget({"address: {ip: 192.0.2.1, port: 65536}", "spec.address.port", "write a number from 1 to 65535"});
  ExpectTarget({"address: 192.0.2.1", "spec.address", "a map such as {ip: 192.0.2.10, port: 4789}"});
}

TEST(TargetFaults, ExactlyOneOfServiceAndAddress) {
  ExpectTarget({"", "spec", "says nowhere to send"});
  ExpectTarget({"service: {name: ids}, address: {ip: 192.0.2.1}", "spec", "service and address exclude each other"});
}

TEST(TargetFaults, AllowedNamespacesHaveASelectorWithFromSelectorAlone) {
  const std::string kService = "service: {name: ids}, allowedNamespaces: ";
  const std::string path = "spec.allowedNamespaces";
  ExpectTarget({kService + "{from: Selector}", path, "from is Selector; say which namespaces with selector"});
  ExpectTarget({kService + "{from: All, selector: {}}", path, "selector has no effect with from: All"});
  ExpectTarget({kService + "{selector: {}}", path, "selector has no effect with from: Same"});
  ExpectTarget({kService + "{from: all}", path + ".from", "write All"});
  ExpectTarget({kService + "All", path, "a map such as {from: All}"});
  ExpectTarget({kService + "{from: Selector, selector: {matchLabels: {a b: c}}}", path + ".selector.matchLabels",
                "not a label key"});
}

const std::string kRest = "filterRef: {name: web}, targetRef: {name: ids}";
const std::string kWhole = "sessionNumber: 1, source: {podSelector: {}}, " + kRest;

TEST(SessionFaults, RequiredFields) {
  ExpectSession({"source: {podSelector: {}}, " + kRest, "spec.sessionNumber", "write sessionNumber: a number from 1"});
  ExpectSession({"sessionNumber: 1, " + kRest, "spec.source", "the field source is missing"});
  ExpectSession({"sessionNumber: 1, source: {}, " + kRest, "spec.source.podSelector", "or {} for all pods"});
  ExpectSession({"sessionNumber: 1, source: {podSelector: }, " + kRest, "spec.source.podSelector", "is empty"});
  ExpectSession({"sessionNumber: 1, source: {podSelector: {}}, targetRef: {name: ids}", "spec.filterRef",
                 "write filterRef: a map such as {name: web}"});
  ExpectSession(
      {"sessionNumber: 1, source: {podSelector: {}}, filterRef: {name: web}", "spec.targetRef", "{name: ids}"});
}

TEST(SessionFaults, Ranges) {
  ExpectSession({"sessionNumber: 0, source: {podSelector: {}}, " + kRest, "spec.sessionNumber", "from 1 to 32766"});
  ExpectSession({"sessionNumber: 32767, source: {podSelector: {}}, " + kRest, "spec.sessionNumber", "from 1 to 32766"});
  ExpectSession({kWhole + ", virtualNetworkID: 16777216", "spec.virtualNetworkID", "from 0 to 16777215"});
  ExpectSession({kWhole + ", virtualNetworkID: -1", "spec.virtualNetworkID", "from 0 to 16777215"});
  ExpectSession({kWhole + ", packetLength: 79", "spec.packetLength", "from 80 to 65535"});
  ExpectSession({kWhole + ", packetLength: 65536", "spec.packetLength", "from 80 to 65535"});
  ExpectSession({kWhole + ", paused: 'false'", "spec.paused", "write true or false"});
  ExpectSession({kWhole + ", paused: 1", "spec.paused", "write true or false"});
}

TEST(SessionFaults, Times) {
  ExpectSession({kWhole + ", expiresAt: tomorrow", "spec.expiresAt", "for example 2026-12-01T00:00:00Z"});
  ExpectSession({kWhole + ", expiresAt: 2026-12-01", "spec.expiresAt", "is not a time"});
  ExpectSession({kWhole + ", expiresAt: 1796083200", "spec.expiresAt", "quote it"});
}

TEST(SessionFaults, References) {
  const std::string head = "sessionNumber: 1, source: {podSelector: {}}, ";
  ExpectSession({head + "filterRef: {}, targetRef: {name: ids}", "spec.filterRef.name", "the field name is missing"});
  ExpectSession({head + "filterRef: {name: Web}, targetRef: {name: ids}", "spec.filterRef.name", "is not a name"});
  ExpectSession({head + "filterRef: web, targetRef: {name: ids}", "spec.filterRef", "a map such as {name: web}"});
  ExpectSession({head + "filterRef: {name: web}, targetRef: {name: a/b}", "spec.targetRef.name", "is not a name"});
}

TEST(SessionFaults, Selectors) {
  const auto expect = [](const std::string& selector, const std::string& path, const std::string& message) {
    ExpectSession({"sessionNumber: 1, source: {podSelector: " + selector + "}, " + kRest,
                   "spec.source.podSelector" + path, message});
  };
  const std::string list = "{matchExpressions: [";
  expect("{matchLabels: {app: 1}}", ".matchLabels[\"app\"]", "quote it: \"1\"");
  expect("{matchLabels: {app: }}", ".matchLabels[\"app\"]", "is empty");
  expect("{matchLabels: {app: -shop}}", ".matchLabels[\"app\"]", "is not a label value");
  expect("{matchLabels: {app: " + std::string(64, 'a') + "}}", ".matchLabels[\"app\"]", "more than 63");
  expect("{matchLabels: {a b: c}}", ".matchLabels", "\"a b\" is not a label key");
  expect("{matchLabels: [app]}", ".matchLabels", "a map such as {app: shop}");
  expect("{matchExpressions: {key: a}}", ".matchExpressions", "a list of requirements");
  expect(list + "{operator: Exists}]}", ".matchExpressions[0].key", "the field key is missing");
  expect(list + "{key: a}]}", ".matchExpressions[0].operator", "In, NotIn, Exists or DoesNotExist");
  expect(list + "{key: a, operator: exists}]}", ".matchExpressions[0].operator", "write Exists");
  expect(list + "{key: '', operator: Exists}]}", ".matchExpressions[0].key", "is an empty string");
  expect(list + "{key: a/b/c, operator: Exists}]}", ".matchExpressions[0].key", "is not a label key");
  expect(list + "{key: a, operator: In}]}", ".matchExpressions[0].values", "In and NotIn need values");
  expect(list + "{key: a, operator: NotIn, values: []}]}", ".matchExpressions[0].values", "In and NotIn need values");
  expect(list + "{key: a, operator: Exists, values: [b]}]}", ".matchExpressions[0].values", "remove values");
  expect(list + "{key: a, operator: In, values: [b, -c]}]}", ".matchExpressions[0].values[1]", "is not a label value");
  expect(list + "{key: a, operator: In, values: b}]}", ".matchExpressions[0].values", "a list of label values");
  expect("{app: shop}", ".app", "known fields: matchLabels, matchExpressions");
}

TEST(SessionFaults, SelectorSizes) {
  std::string labels, expressions, values;
  for (int i = 0; i < 33; ++i) labels += "l" + std::to_string(i) + ": x, ";
  for (int i = 0; i < 33; ++i) expressions += "{key: a, operator: Exists}, ";
  for (int i = 0; i < 65; ++i) values += "v" + std::to_string(i) + ", ";
  const auto session = [](const std::string& selector) {
    return "sessionNumber: 1, source: {podSelector: {" + selector + "}}, " + kRest;
  };
  const std::string selector = "spec.source.podSelector";
  ExpectSession({session("matchLabels: {" + labels + "}"), selector + ".matchLabels", "more than 32"});
  ExpectSession({session("matchExpressions: [" + expressions + "]"), selector + ".matchExpressions", "more than 32"});
  ExpectSession({session("matchExpressions: [{key: a, operator: In, values: [" + values + "]}]"),
                 selector + ".matchExpressions[0].values", "more than 64"});
}

TEST(SessionFaults, NamespacesAreSelectedAndNamed) {
  const std::string selector = "sessionNumber: 1, " + kRest + ", source: {podSelector: {}, namespaceSelector: ";
  const std::string path = "spec.source.namespaceSelector";
  ExpectSession({selector + "shop}", path, "or {} for all namespaces"});
  ExpectSession({selector + "}", path, "is empty"});
  ExpectSession({selector + "{names: [shop]}}", path + ".names", "known fields: matchLabels, matchExpressions"});
  const std::string target = "sessionNumber: 1, source: {podSelector: {}}, filterRef: {name: web}, targetRef: ";
  ExpectSession(
      {target + "{name: ids, namespace: Security}", "spec.targetRef.namespace", "\"Security\" is not a name"});
  ExpectSession({target + "{name: ids, namespace: a.b}", "spec.targetRef.namespace", "is not a name"});
  ExpectSession({target + "{name: ids, namespace: \"\"}", "spec.targetRef.namespace", "write a namespace"});
  ExpectSession({target + "{namespace: security}", "spec.targetRef.name", "is missing"});
}

TEST(SessionFaults, FieldsOfLaterVersions) {
  for (const std::string field : {"sampling", "rateLimit"}) {
    ExpectSession({kWhole + ", " + field + ": {}", "spec." + field, "this version does not have the field " + field});
  }
  for (const std::string field : {"interface"}) {
    ExpectSession({"sessionNumber: 1, source: {podSelector: {}, " + field + ": x}, " + kRest, "spec.source." + field,
                   "this version does not have the field " + field});
  }
}

TEST(SpecFaults, SpecIsAMapThatMustBeThere) {
  for (const std::string kind : {"TrafficMirrorFilter", "TrafficMirrorTarget", "TrafficMirrorSession"}) {
    EXPECT_TRUE(Judge(kind, "").error.where.ends_with(" spec")) << kind;
    EXPECT_THAT(Judge(kind, "[]").error.what, HasSubstr("is a list, not a map")) << kind;
    EXPECT_THAT(Judge(kind, "text").error.what, HasSubstr("\"text\" is a string, not a map")) << kind;
  }
  const Node document = ReadJson(R"({"apiVersion": "podmirror.io/v1alpha1", "kind": "TrafficMirrorFilter",
                                     "metadata": {"name": "a"}})")
                            .value();
  const Result<Decoded> decoded = Decode(document);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<api::TrafficMirrorFilter>(*decoded).spec.error().error.where, "spec");  // no lines in JSON
}

}  // namespace
}  // namespace podmirror::decode
