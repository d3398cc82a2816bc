#include "operator/compile/endpoints.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "contract/reasons.h"

namespace podmirror::compile {
namespace {

// What makes two entries of a Service's slices the same endpoint: the pod, or the address where no pod is named.
using Identity = std::tuple<std::string, std::string, std::string>;

Identity IdentityOf(const api::Endpoint& endpoint, const IpAddress& address) {
  if (!endpoint.target_name.empty()) return {endpoint.target_kind, endpoint.target_namespace, endpoint.target_name};
  return {"", "", address.ToString()};
}

bool IsReady(const api::Endpoint& endpoint) { return endpoint.ready.value_or(true) && !endpoint.terminating; }

// Collects what the slices say; duplicates are usual while the slice controller moves endpoints between slices.
class Gathering {
 public:
  void Add(const api::Endpoint& endpoint, const SocketAddress& at, const std::string& why_not) {
    Identity identity = IdentityOf(endpoint, at.ip);
    total_.insert(identity);
    if (!IsReady(endpoint)) return;
    if (!why_not.empty()) {
      refused_.emplace(at,
                       EndpointVerdict{at, endpoint.target_name, std::string(reason::kEndpointNotPermitted), why_not});
      return;
    }
    const auto [known, is_new] =
        usable_.emplace(std::move(identity), EndpointVerdict{at, endpoint.target_name, "", ""});
    if (!is_new && at < known->second.endpoint) known->second.endpoint = at;
  }

  ServiceEndpoints Finish() && {
    ServiceEndpoints found;
    found.total = static_cast<int>(total_.size());
    found.usable = static_cast<int>(usable_.size());
    std::map<SocketAddress, EndpointVerdict> ascending;
    for (auto& [identity, verdict] : usable_) ascending.emplace(verdict.endpoint, verdict);
    ascending.merge(refused_);  // an address that is permitted by one entry stays permitted
    for (auto& [at, verdict] : ascending) found.endpoints.push_back(std::move(verdict));
    return found;
  }

 private:
  std::set<Identity> total_;
  std::map<Identity, EndpointVerdict> usable_;
  std::map<SocketAddress, EndpointVerdict> refused_;
};

}  // namespace

SlicesByService IndexSlices(const std::map<ObjectKey, api::EndpointSlice>& slices) {
  SlicesByService index;
  for (const auto& [key, slice] : slices) {
    if (!slice.service.empty()) index[{key.ns, slice.service}].push_back(&slice);
  }
  return index;
}

std::optional<std::uint16_t> PortOf(const api::EndpointSlice& slice, const std::string& name,
                                    const std::string& protocol) {
  for (const api::EndpointSlicePort& port : slice.ports) {
    if (port.name == name && port.protocol == protocol) return port.port;
  }
  return std::nullopt;
}

std::string WhyNotPermitted(const api::Endpoint& endpoint, const IpAddress& address, const std::string& ns,
                            const Pods& pods) {
  if (endpoint.target_kind != "Pod" || endpoint.target_name.empty()) {
    return "its targetRef names no Pod; only pods may receive copies";
  }
  if (!endpoint.target_namespace.empty() && endpoint.target_namespace != ns) {
    return "its targetRef names a Pod of another namespace than the Service's";
  }
  const auto found = pods.find({ns, endpoint.target_name});
  if (found == pods.end()) return "there is no Pod " + endpoint.target_name + ", which its targetRef names";
  const api::Pod& pod = found->second;
  const std::string who = "Pod " + endpoint.target_name + " ";
  if (pod.meta.deleting) return who + "is being deleted";
  if (pod.phase == api::PodPhase::kSucceeded || pod.phase == api::PodPhase::kFailed) return who + "has finished";
  if (pod.host_network) return who + "uses hostNetwork; run the collector with an address of its own";
  if (std::ranges::find(pod.ips, address) == pod.ips.end()) return who + "does not have this address in status.podIPs";
  return {};
}

ServiceEndpoints FindEndpoints(const ObjectKey& service, const std::string& port_name, IpFamily family,
                               const SlicesByService& slices, const Pods& pods) {
  Gathering gathering;
  const auto own = slices.find(service);
  if (own == slices.end()) return {};
  for (const api::EndpointSlice* slice : own->second) {
    if (slice->family != family) continue;
    const auto port = PortOf(*slice, port_name, "UDP");
    if (!port) continue;
    for (const api::Endpoint& endpoint : slice->endpoints) {
      // Kubernetes gives no meaning to further addresses.
      if (endpoint.addresses.empty() || endpoint.addresses.front().family() != family) continue;
      const IpAddress& address = endpoint.addresses.front();
      gathering.Add(endpoint, {address, *port}, WhyNotPermitted(endpoint, address, service.ns, pods));
    }
  }
  return std::move(gathering).Finish();
}

}  // namespace podmirror::compile
