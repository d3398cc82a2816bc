#include "operator/compile/resolve_targets.h"

#include <algorithm>

#include "contract/reasons.h"
#include "operator/compile/address_rules.h"

namespace podmirror::compile {
namespace {

constexpr std::string_view kUdpProtocol = "UDP";

IpFamily FamilyOf(const api::Service& service) {
  if (!service.ip_families.empty()) return service.ip_families.front();
  if (!service.cluster_ips.empty()) return service.cluster_ips.front().family();
  return IpFamily::kV4;
}

std::string UdpPorts(const api::Service& service) {
  std::string text;
  for (const api::ServicePort& port : service.ports) {
    if (port.protocol == kUdpProtocol) text += (text.empty() ? "" : ", ") + std::to_string(port.port);
  }
  return text;
}

Finding NotUdp(const api::Service& service, const api::ServiceRef& ref) {
  const bool listed = std::ranges::any_of(service.ports, [&](const auto& p) { return p.port == ref.port; });
  const std::string ports = UdpPorts(service);
  const std::string fix = ports.empty() ? "it has no UDP port; add one to the Service (copies are VXLAN over UDP)"
                                        : "write one of its UDP ports: " + ports;
  return Finding::No(reason::kNotUdp, "spec.service.port " + std::to_string(ref.port) + " of Service " + ref.name +
                                          (listed ? " is not UDP; " : " does not exist; ") + fix);
}

// Why nothing is left of a Service's endpoints; ok where something is.
Finding JudgeReady(const ServiceEndpoints& found, const api::ServiceRef& ref) {
  if (found.usable > 0) return {};
  if (!found.endpoints.empty()) {
    const EndpointVerdict& first = found.endpoints.front();
    return Finding::No(reason::kEndpointNotPermitted, "no endpoint of Service " + ref.name + " is permitted: " +
                                                          first.endpoint.ToString() + ": " + first.message);
  }
  if (found.total > 0) {
    return Finding::No(reason::kNoEndpoints, "none of the " + std::to_string(found.total) + " endpoints of Service " +
                                                 ref.name + " is ready; see why its pods are not");
  }
  return Finding::No(reason::kNoEndpoints,
                     "Service " + ref.name + " has no endpoints; start collector pods that its selector matches");
}

void ResolveService(const ObjectKey& target, const api::ServiceRef& ref, const store::Snapshot& snapshot,
                    const SlicesByService& slices, TargetVerdict& verdict) {
  const auto unresolved = [&](Finding finding) {
    verdict.ready = Finding::No(reason::kNoEndpoints, "the Service's endpoints are not known: " + finding.message);
    verdict.resolved = std::move(finding);
  };
  const ObjectKey key{target.ns, ref.name};
  const auto found = snapshot.services.find(key);
  if (found == snapshot.services.end()) {
    return unresolved(
        Finding::No(reason::kServiceNotFound, "there is no Service " + ref.name + " in namespace " + target.ns +
                                                  "; create it, or write the name of a Service of this namespace"));
  }
  const api::Service& service = found->second;
  if (service.type == "ExternalName") {
    verdict.ready = Finding::No(reason::kNoEndpoints, "Service " + ref.name +
                                                          " is of type ExternalName and has no endpoints; name a "
                                                          "Service that selects collector pods");
    return;
  }
  const auto port = std::ranges::find_if(
      service.ports, [&](const auto& p) { return p.port == ref.port && p.protocol == kUdpProtocol; });
  if (port == service.ports.end()) return unresolved(NotUdp(service, ref));
  if (FamilyOf(service) == IpFamily::kV6) {
    verdict.ready = Finding::No(reason::kNoEndpoints,
                                "the first IP family of Service " + ref.name +
                                    " is IPv6, and this version sends copies over IPv4 only; put IPv4 first in its "
                                    "spec.ipFamilies");
    return;
  }
  ServiceEndpoints endpoints = FindEndpoints(key, port->name, IpFamily::kV4, slices, snapshot.pods);
  verdict.ready = JudgeReady(endpoints, ref);
  verdict.endpoints = std::move(endpoints.endpoints);
  verdict.total = endpoints.total;
}

void ResolveAddress(const SocketAddress& address, const AddressOwners& owners, const Settings& settings,
                    TargetVerdict& verdict) {
  verdict.accepted = JudgeAddress(address.ip, owners, settings);
  verdict.total = 1;
  if (verdict.accepted.ok) {
    verdict.endpoints.push_back({address, "", "", ""});
  } else {
    verdict.ready = Finding::No(reason::kNoEndpoints, "the address is not allowed: " + verdict.accepted.message);
  }
}

void RefuseInvalid(const api::Invalid& invalid, TargetVerdict& verdict) {
  const Finding finding = Finding::No(reason::kTargetInvalid, Describe(invalid.error));
  verdict.accepted = finding;
  verdict.resolved = finding;
  verdict.ready = Finding::No(reason::kNoEndpoints, "the target is invalid: " + finding.message);
}

}  // namespace

std::map<ObjectKey, FilterVerdict> JudgeFilters(const store::Snapshot& snapshot) {
  std::map<ObjectKey, FilterVerdict> verdicts;
  for (const auto& [key, filter] : snapshot.filters) {
    FilterVerdict& verdict = verdicts[key];
    if (filter.spec) continue;
    const api::Invalid& invalid = filter.spec.error();
    const std::string_view why = invalid.reason.empty() ? reason::kFilterInvalid : std::string_view(invalid.reason);
    verdict.accepted = Finding::No(why, Describe(invalid.error));
  }
  return verdicts;
}

std::map<ObjectKey, TargetVerdict> ResolveTargets(const store::Snapshot& snapshot, const SlicesByService& slices,
                                                  const Settings& settings) {
  const AddressOwners owners = FindAddressOwners(snapshot);
  std::map<ObjectKey, TargetVerdict> verdicts;
  for (const auto& [key, target] : snapshot.targets) {
    TargetVerdict& verdict = verdicts[key];
    if (!target.spec) {
      RefuseInvalid(target.spec.error(), verdict);
    } else if (target.spec->address) {
      ResolveAddress(*target.spec->address, owners, settings, verdict);
    } else if (target.spec->service) {
      ResolveService(key, *target.spec->service, snapshot, slices, verdict);
    } else {
      RefuseInvalid({{"neither service nor address is given", "spec", "write one of them"}, ""}, verdict);
    }
  }
  return verdicts;
}

std::vector<SocketAddress> UsableEndpoints(const TargetVerdict& target) {
  std::vector<SocketAddress> usable;
  for (const EndpointVerdict& endpoint : target.endpoints) {
    if (endpoint.reason.empty()) usable.push_back(endpoint.endpoint);
  }
  return usable;
}

}  // namespace podmirror::compile
