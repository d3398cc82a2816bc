#include "operator/compile/address_rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "contract/reasons.h"

namespace podmirror::compile {
namespace {

std::string_view SpecialKind(const IpAddress& ip) {
  if (ip.is_loopback()) return "a loopback address";
  if (ip.is_link_local()) return "a link-local address";
  if (ip.is_multicast()) return "a multicast or broadcast address";
  if (ip.is_unspecified()) return "an unspecified address";
  return {};
}

std::string ListCidrs(const std::vector<Cidr>& cidrs) {
  std::string text;
  for (const Cidr& cidr : cidrs) text += (text.empty() ? "" : ", ") + cidr.ToString();
  return text;
}

Finding NotAllowed(const IpAddress& ip, const std::string& why) {
  return Finding::No(reason::kAddressNotAllowed, "spec.address.ip " + ip.ToString() + " " + why);
}

}  // namespace

AddressOwners FindAddressOwners(const store::Snapshot& snapshot) {
  std::set<IpAddress> asked;
  for (const auto& [key, target] : snapshot.targets) {
    if (target.spec && target.spec->address) asked.insert(target.spec->address->ip);
  }
  AddressOwners owners;
  if (asked.empty()) return owners;
  const auto note = [&](const std::vector<IpAddress>& ips, std::string_view owner) {
    for (const IpAddress& ip : ips) {
      if (asked.contains(ip)) owners.emplace(ip, owner);
    }
  };
  for (const auto& [key, service] : snapshot.services) note(service.cluster_ips, "a Service");
  // Nodes before pods: a hostNetwork pod's address is its node's.
  for (const auto& [key, pod] : snapshot.pods) note(pod.host_ips, "a node");
  for (const auto& [key, pod] : snapshot.pods) note(pod.ips, "a Pod");
  return owners;
}

Finding JudgeAddress(const IpAddress& ip, const AddressOwners& owners, const Settings& settings) {
  if (const std::string_view kind = SpecialKind(ip); !kind.empty()) {
    return NotAllowed(ip, "is " + std::string(kind) + "; write the unicast address of a collector outside the cluster");
  }
  if (const auto owner = owners.find(ip); owner != owners.end()) {
    return NotAllowed(ip, "is the address of " + std::string(owner->second) +
                              " of this cluster; for a collector inside the cluster write spec.service: {name, port}");
  }
  if (!ip.is_v4()) {
    return NotAllowed(ip, "is an IPv6 address, and this version sends copies over IPv4 only; write an IPv4 address");
  }
  if (settings.allowed_target_cidrs.empty()) {
    return NotAllowed(ip,
                      "is outside the cluster, and no such target is allowed here; ask the cluster administrator "
                      "to add its range to allowedTargetCIDRs, or write spec.service");
  }
  if (std::ranges::none_of(settings.allowed_target_cidrs, [&](const Cidr& c) { return c.Contains(ip); })) {
    return NotAllowed(ip, "lies in none of the allowed ranges (" + ListCidrs(settings.allowed_target_cidrs) +
                              "); write an address of these, or ask the cluster administrator to extend "
                              "allowedTargetCIDRs");
  }
  return {};
}

}  // namespace podmirror::compile
