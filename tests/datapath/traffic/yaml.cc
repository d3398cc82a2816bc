#include "tests/datapath/traffic/yaml.h"

namespace podmirror::testing {
namespace {

constexpr const char* kOurs = "---\napiVersion: podmirror.io/v1alpha1\nkind: ";

std::string Ports(const char* name, const PortRange& range) {
  return std::string(", ") + name + ": {from: " + std::to_string(range.from()) + ", to: " + std::to_string(range.to()) +
         "}";
}

std::string ToYaml(const Rule& rule) {
  std::string text = "    - {ruleNumber: " + std::to_string(rule.number) +
                     ", action: " + (rule.action == Action::kAccept ? "Accept" : "Reject");
  if (rule.protocol) text += ", protocol: " + rule.protocol->ToString();
  if (rule.source) text += ", sourceCIDR: \"" + rule.source->ToString() + "\"";
  if (rule.destination) text += ", destinationCIDR: \"" + rule.destination->ToString() + "\"";
  if (rule.source_ports) text += Ports("sourcePorts", *rule.source_ports);
  if (rule.destination_ports) text += Ports("destinationPorts", *rule.destination_ports);
  return text + "}\n";
}

std::string ToYaml(const char* direction, const std::vector<Rule>& rules) {
  if (rules.empty()) return "";
  std::string text = std::string("  ") + direction + ":\n";
  for (const Rule& rule : rules) text += ToYaml(rule);
  return text;
}

std::string Infrastructures(std::uint8_t bits) {
  std::string text;
  for (const auto& [bit, name] :
       {std::pair(Infrastructure::kArp, "ARP"), std::pair(Infrastructure::kDhcp, "DHCP"),
        std::pair(Infrastructure::kNtp, "NTP"), std::pair(Infrastructure::kInstanceMetadata, "InstanceMetadata")}) {
    if ((bits & static_cast<std::uint8_t>(bit)) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace

std::string ToYaml(const Session& session) {
  std::string text = std::string(kOurs) + "TrafficMirrorFilter\nmetadata: {name: " + session.name + "}\nspec:\n" +
                     "  infrastructureTraffic: [" + Infrastructures(session.filter.infrastructure) + "]\n" +
                     (session.filter.cluster_dns ? "  networkServices: [ClusterDNS]\n" : "") +
                     ToYaml("ingress", session.filter.ingress) + ToYaml("egress", session.filter.egress);
  text += std::string(kOurs) + "TrafficMirrorSession\nmetadata: {name: " + session.name + "}\nspec:\n" +
          "  sessionNumber: " + std::to_string(session.number) +
          "\n  source: {podSelector: {matchLabels: {app: web}}}\n  filterRef: {name: " + session.name +
          "}\n  targetRef: {name: " + session.target + "}\n  virtualNetworkID: " + std::to_string(session.vni) + "\n";
  if (session.packet_length) text += "  packetLength: " + std::to_string(*session.packet_length) + "\n";
  return text;
}

std::string Pod(const std::string& name, const std::string& app, const std::string& ip) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  labels: {app: " + app +
         "}\n  annotations: {podmirror.io/local-netns: " + name + "}\nstatus: {phase: Running, podIPs: [{ip: " + ip +
         "}]}\n";
}

std::string ClusterDns(const std::string& endpoints) {
  return R"(
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIPs: [10.96.0.10, "fd00:10::a"]
  ipFamilies: [IPv4, IPv6]
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-a, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [)" +
         endpoints +
         R"(]
ports: [{name: dns, port: 1053, protocol: UDP}, {name: dns-tcp, port: 1053, protocol: TCP}]
)";
}

}  // namespace podmirror::testing
