#include "tests/datapath/support/yaml.h"

namespace podmirror::testing {
namespace {

std::string Mirror(const std::string& kind, const std::string& name) {
  return "---\napiVersion: podmirror.io/v1alpha1\nkind: TrafficMirror" + kind + "\nmetadata: {name: " + name +
         "}\nspec:\n";
}

}  // namespace

std::string PodYaml(const std::string& name, const std::string& ip, const std::string& more) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\n  labels: {app: " + name +
         "}\n  annotations: {podmirror.io/local-netns: " + name + "}\n" + more +
         "status: {phase: Running, podIPs: [{ip: " + ip + "}]}\n";
}

std::string FarPodYaml(const std::string& name, const std::string& ip) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
         "}\nspec: {nodeName: elsewhere}\nstatus: {phase: Running, podIPs: [{ip: " + ip + "}]}\n";
}

std::string SessionYaml(const SessionSpec& session) {
  std::string text = Mirror("Session", session.name);
  text += "  sessionNumber: " + std::to_string(session.number) + "\n";
  text += session.app.empty() ? "  source: {podSelector: {}}\n"
                              : "  source: {podSelector: {matchLabels: {app: " + session.app + "}}}\n";
  text += "  filterRef: {name: " + (session.filter.empty() ? session.name : session.filter) + "}\n";
  text += "  targetRef: {name: " + session.target + "}\n";
  if (session.vni != 0) text += "  virtualNetworkID: " + std::to_string(session.vni) + "\n";
  return text + session.more;
}

std::string FilterYaml(const std::string& name, const std::string& ingress, const std::string& egress) {
  return Mirror("Filter", name) + "  ingress: [" + ingress + "]\n  egress: [" + egress + "]\n";
}

std::string AddressTargetYaml(const std::string& name, const std::string& ip, int port) {
  return Mirror("Target", name) + "  address: {ip: " + ip + ", port: " + std::to_string(port) + "}\n";
}

std::string ServiceTargetYaml(const std::string& name, const std::vector<std::string>& ips) {
  std::string text = Mirror("Target", name) + "  service: {name: " + name + ", port: 4789}\n";
  text += "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
          "}\nspec: {ipFamilies: [IPv4], clusterIP: 10.96.0.50, ports: [{name: vxlan, protocol: UDP, port: 4789}]}\n";
  text += "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: " + name +
          "\n  labels: {kubernetes.io/service-name: " + name +
          "}\naddressType: IPv4\nports: [{name: vxlan, protocol: UDP, port: 4789}]\nendpoints:\n";
  std::string pods;
  for (std::size_t i = 0; i < ips.size(); ++i) {
    const std::string pod = name + "-" + std::to_string(i);
    text += "  - {addresses: [" + ips[i] +
            "], conditions: {ready: true}, targetRef: {kind: Pod, namespace: default, name: " + pod + "}}\n";
    pods += FarPodYaml(pod, ips[i]);
  }
  if (ips.empty()) text.replace(text.rfind("endpoints:"), 10, "endpoints: []");
  return text + pods;
}

}  // namespace podmirror::testing
