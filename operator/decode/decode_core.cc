#include "operator/decode/kind_decoders.h"

// The kinds of Kubernetes itself, as its API server shows them.
namespace podmirror::decode {
namespace {

api::PodPhase PhaseOf(const std::string& phase) {
  if (phase.empty() || phase == "Pending") return api::PodPhase::kPending;
  if (phase == "Running") return api::PodPhase::kRunning;
  if (phase == "Succeeded") return api::PodPhase::kSucceeded;
  if (phase == "Failed") return api::PodPhase::kFailed;
  return api::PodPhase::kUnknown;
}

// status.podIPs: [{ip: 10.0.0.1}]; older servers fill only the single field.
std::vector<IpAddress> ReadIps(const Reader& list, const Reader& single) {
  std::vector<IpAddress> ips;
  for (const Reader& item : list.Items()) {
    if (const std::optional<IpAddress> ip = item.At("ip").Ip()) ips.push_back(*ip);
  }
  if (ips.empty()) {
    if (const std::optional<IpAddress> ip = single.Ip()) ips.push_back(*ip);
  }
  return ips;
}

std::optional<IpFamily> ReadFamily(const Reader& reader) {
  const std::string name = reader.Text();
  if (name == "IPv4") return IpFamily::kV4;
  if (name == "IPv6") return IpFamily::kV6;
  return std::nullopt;
}

// "None" says headless.
void AddClusterIp(const Reader& reader, std::vector<IpAddress>& ips) {
  if (reader.Text() == "None") return;
  if (const std::optional<IpAddress> ip = reader.Ip()) ips.push_back(*ip);
}

api::ServicePort ReadServicePort(const Reader& reader) {
  api::ServicePort port;
  port.name = reader.At("name").Text();
  port.port = static_cast<std::uint16_t>(reader.At("port").Number(1, 65535).value_or(0));
  if (!reader.At("port").present()) reader.At("port").Refuse("the field port is missing", "write port: 4789");
  port.protocol = reader.At("protocol").Text("TCP");
  return port;
}

api::EndpointSlicePort ReadSlicePort(const Reader& reader) {
  api::EndpointSlicePort port;
  port.name = reader.At("name").Text();
  if (const std::optional<std::int64_t> number = reader.At("port").Number(1, 65535)) {
    port.port = static_cast<std::uint16_t>(*number);
  }
  port.protocol = reader.At("protocol").Text("TCP");
  return port;
}

api::Endpoint ReadEndpoint(const Reader& reader, std::optional<IpFamily> family) {
  api::Endpoint endpoint;
  for (const Reader& item : reader.At("addresses").Items()) {
    if (!family) continue;  // host names
    const std::optional<IpAddress> ip = item.Ip();
    if (!ip) continue;
    if (ip->family() != *family)
      item.Refuse(ip->ToString() + " is not of the slice's addressType", "move it to a slice of its family");
    endpoint.addresses.push_back(*ip);
  }
  const Reader conditions = reader.At("conditions");
  if (conditions.At("ready").present()) endpoint.ready = conditions.At("ready").Flag();
  endpoint.terminating = conditions.At("terminating").Flag();
  const Reader target = reader.At("targetRef");
  endpoint.target_kind = target.At("kind").Text();
  endpoint.target_namespace = target.At("namespace").Text();
  endpoint.target_name = target.At("name").Text();
  return endpoint;
}

}  // namespace

api::Pod DecodePod(const Reader& document) {
  api::Pod pod;
  pod.meta = ReadMeta(document.At("metadata"), true);
  const Reader spec = document.At("spec");
  pod.node = spec.At("nodeName").Text();
  pod.host_network = spec.At("hostNetwork").Flag();
  const Reader status = document.At("status");
  pod.ips = ReadIps(status.At("podIPs"), status.At("podIP"));
  pod.host_ips = ReadIps(status.At("hostIPs"), status.At("hostIP"));
  pod.phase = PhaseOf(status.At("phase").Text());
  return pod;
}

api::Namespace DecodeNamespace(const Reader& document) { return {ReadMeta(document.At("metadata"), false)}; }

api::Service DecodeService(const Reader& document) {
  api::Service service;
  service.meta = ReadMeta(document.At("metadata"), true);
  const Reader spec = document.At("spec");
  service.type = spec.At("type").Text("ClusterIP");
  const std::vector<Reader> cluster_ips = spec.At("clusterIPs").Items();
  for (const Reader& item : cluster_ips) AddClusterIp(item, service.cluster_ips);
  if (cluster_ips.empty()) AddClusterIp(spec.At("clusterIP"), service.cluster_ips);
  for (const Reader& item : spec.At("ipFamilies").Items()) {
    const std::optional<IpFamily> family = ReadFamily(item);
    if (family) service.ip_families.push_back(*family);
    if (!family) item.Refuse("is not an IP family", "write IPv4 or IPv6");
  }
  for (const Reader& item : spec.At("ports").Items()) service.ports.push_back(ReadServicePort(item));
  return service;
}

api::EndpointSlice DecodeEndpointSlice(const Reader& document) {
  constexpr const char* kServiceLabel = "kubernetes.io/service-name";
  api::EndpointSlice slice;
  slice.meta = ReadMeta(document.At("metadata"), true);
  const auto label = slice.meta.labels.find(kServiceLabel);
  if (label != slice.meta.labels.end()) slice.service = label->second;
  const Reader address_type = document.At("addressType");
  slice.family = ReadFamily(address_type);
  if (!slice.family && address_type.Text() != "FQDN") {
    address_type.Refuse("is not an address type", "write addressType: IPv4, IPv6 or FQDN");
  }
  for (const Reader& item : document.At("ports").Items()) slice.ports.push_back(ReadSlicePort(item));
  for (const Reader& item : document.At("endpoints").Items()) {
    slice.endpoints.push_back(ReadEndpoint(item, slice.family));
  }
  return slice;
}

}  // namespace podmirror::decode
