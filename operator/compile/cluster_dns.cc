#include "operator/compile/cluster_dns.h"

#include <set>

namespace podmirror::compile {
namespace {

constexpr std::uint16_t kDnsPort = 53;  // RFC 1035 section 4.2

void AddEndpoints(const api::Service& service, const std::vector<const api::EndpointSlice*>& slices,
                  std::set<SocketAddress>& found) {
  for (const api::ServicePort& service_port : service.ports) {
    if (service_port.port != kDnsPort) continue;
    for (const api::EndpointSlice* slice : slices) {
      const auto port = PortOf(*slice, service_port.name, service_port.protocol);
      if (!port || !slice->family) continue;
      for (const api::Endpoint& endpoint : slice->endpoints) {
        if (!endpoint.ready.value_or(true)) continue;
        for (const IpAddress& ip : endpoint.addresses) found.insert({ip, *port});
      }
    }
  }
}

}  // namespace

std::vector<SocketAddress> FindClusterDns(const store::Snapshot& snapshot, const SlicesByService& slices,
                                          const Settings& settings) {
  std::set<SocketAddress> found;
  for (const IpAddress& ip : settings.node_local_dns) found.insert({ip, kDnsPort});
  if (const auto service = snapshot.services.find(settings.dns_service); service != snapshot.services.end()) {
    for (const IpAddress& ip : service->second.cluster_ips) found.insert({ip, kDnsPort});
    if (const auto own = slices.find(settings.dns_service); own != slices.end()) {
      AddEndpoints(service->second, own->second, found);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace podmirror::compile
