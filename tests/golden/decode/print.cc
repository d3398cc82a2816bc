#include "tests/golden/decode/print.h"

#include <string_view>

namespace podmirror::golden {
namespace {

std::string Line(std::string_view name, const std::string& value) {
  return "  " + std::string(name) + ": " + value + "\n";
}

std::string Number(const auto& value) { return std::to_string(value); }

std::string Words(const auto& values, auto word) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : " ") + word(value);
  return text;
}

std::string Pairs(const api::Labels& labels) {
  return Words(labels, [](const auto& label) { return label.first + "=" + label.second; });
}

std::string Ports(const PortRange& ports) { return Number(ports.from()) + "-" + Number(ports.to()); }

std::string Family(IpFamily family) { return family == IpFamily::kV4 ? "IPv4" : "IPv6"; }

template <typename T>
std::string Text(const T& value) {
  return value.ToString();
}

std::string Print(const api::Meta& meta) {
  std::string text = meta.key.ToString() + "\n";
  if (!meta.uid.empty()) text += Line("uid", meta.uid);
  if (meta.generation != 0) text += Line("generation", Number(meta.generation));
  if (meta.created) text += Line("created", FormatInstant(*meta.created));
  if (meta.deleting) text += Line("deleting", "yes");
  if (!meta.labels.empty()) text += Line("labels", Pairs(meta.labels));
  if (!meta.annotations.empty()) text += Line("annotations", Pairs(meta.annotations));
  return text;
}

std::string Print(const Rule& rule) {
  std::string text = Number(rule.number) + (rule.action == Action::kAccept ? " Accept" : " Reject");
  if (rule.protocol) text += " protocol=" + rule.protocol->ToString();
  if (rule.source) text += " source=" + rule.source->ToString();
  if (rule.destination) text += " destination=" + rule.destination->ToString();
  if (rule.source_ports) text += " source_ports=" + Ports(*rule.source_ports);
  if (rule.destination_ports) text += " destination_ports=" + Ports(*rule.destination_ports);
  return text;
}

std::string Print(const api::FilterSpec& spec) {
  std::string text;
  for (const Rule& rule : spec.ingress) text += Line("ingress", Print(rule));
  for (const Rule& rule : spec.egress) text += Line("egress", Print(rule));
  text += Line("infrastructure bits", Number(spec.infrastructure));
  return text + Line("cluster dns", spec.cluster_dns ? "yes" : "no");
}

std::string Print(const api::Requirement& requirement);

std::string Print(const std::string& name, const api::Selector& selector) {
  std::string text = Line(name + " labels", Pairs(selector.match_labels));
  for (const api::Requirement& requirement : selector.match_expressions) text += Line(name, Print(requirement));
  return text;
}

std::string Print(const api::TargetSpec& spec) {
  std::string text;
  if (spec.service) text += Line("service", spec.service->name + ":" + Number(spec.service->port));
  if (spec.address) text += Line("address", spec.address->ToString());
  using From = api::AllowedNamespaces::From;
  if (spec.allowed.from == From::kAll) text += Line("allowed", "all namespaces");
  if (spec.allowed.from == From::kSelector) text += Print("allowed", spec.allowed.selector);
  return text;
}

std::string Print(const api::Requirement& requirement) {
  constexpr const char* kOperators[] = {" In", " NotIn", " Exists", " DoesNotExist"};
  std::string text = requirement.key + kOperators[static_cast<int>(requirement.op)];
  for (const std::string& value : requirement.values) text += " '" + value + "'";
  return text;
}

std::string Print(const api::SessionSpec& spec) {
  std::string text = Line("number", Number(spec.number));
  text += Print("match", spec.pods);
  if (spec.namespaces) text += Print("namespaces", *spec.namespaces);
  text += Line("filter", spec.filter) + Line("target", spec.target);
  if (!spec.target_namespace.empty()) text += Line("target namespace", spec.target_namespace);
  if (spec.vni) text += Line("vni", Number(spec.vni->value()));
  if (spec.packet_length) text += Line("packet length", Number(*spec.packet_length));
  if (spec.paused) text += Line("paused", "yes");
  if (spec.expires_at) text += Line("expires at", FormatInstant(*spec.expires_at));
  return text;
}

template <typename Spec>
std::string Print(std::string_view kind, const api::Object<Spec>& object) {
  std::string text = std::string(kind) + " " + Print(object.meta);
  if (object.spec) return text + Print(*object.spec);
  return text + Line("invalid", object.spec.error().reason) + "    " + Describe(object.spec.error().error) + "\n";
}

struct Printer {
  std::string operator()(const api::TrafficMirrorFilter& filter) const { return Print("TrafficMirrorFilter", filter); }
  std::string operator()(const api::TrafficMirrorTarget& target) const { return Print("TrafficMirrorTarget", target); }

  std::string operator()(const api::TrafficMirrorSession& session) const {
    std::string text = Print("TrafficMirrorSession", session);
    if (session.status_vni) text += Line("status vni", Number(session.status_vni->value()));
    return text;
  }

  std::string operator()(const api::Pod& pod) const {
    constexpr const char* kPhases[] = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
    return "Pod " + Print(pod.meta) + Line("node", pod.node) + Line("ips", Words(pod.ips, Text<IpAddress>)) +
           Line("host ips", Words(pod.host_ips, Text<IpAddress>)) +
           Line("phase", kPhases[static_cast<int>(pod.phase)]) + Line("host network", pod.host_network ? "yes" : "no");
  }

  std::string operator()(const api::Namespace& ns) const { return "Namespace " + Print(ns.meta); }

  std::string operator()(const api::Service& service) const {
    std::string text = "Service " + Print(service.meta) + Line("type", service.type) +
                       Line("cluster ips", Words(service.cluster_ips, Text<IpAddress>)) +
                       Line("families", Words(service.ip_families, Family));
    for (const api::ServicePort& port : service.ports) {
      text += Line("port", "'" + port.name + "' " + Number(port.port) + "/" + port.protocol);
    }
    return text;
  }

  std::string operator()(const api::EndpointSlice& slice) const {
    std::string text = "EndpointSlice " + Print(slice.meta) + Line("service", slice.service) +
                       Line("family", slice.family ? Family(*slice.family) : "none");
    for (const api::EndpointSlicePort& port : slice.ports) {
      text += Line("port", "'" + port.name + "' " + (port.port ? Number(*port.port) : "any") + "/" + port.protocol);
    }
    for (const api::Endpoint& endpoint : slice.endpoints) {
      std::string line = Words(endpoint.addresses, Text<IpAddress>) + " ready=";
      line += endpoint.ready ? (*endpoint.ready ? "yes" : "no") : "unsaid";
      if (endpoint.terminating) line += " terminating";
      if (!endpoint.target_kind.empty()) {
        line += " " + endpoint.target_kind + " " + endpoint.target_namespace + "/" + endpoint.target_name;
      }
      text += Line("endpoint", line);
    }
    return text;
  }

  std::string operator()(const decode::OtherKind& other) const {
    return "other kind " + other.api_version + " " + other.kind + " " + other.key.ToString() + "\n";
  }
};

}  // namespace

std::string Print(const Result<decode::Decoded>& decoded) {
  if (!decoded) return "error\n    " + Describe(decoded.error()) + "\n";
  return std::visit(Printer{}, *decoded);
}

}  // namespace podmirror::golden
