// The endpoints of a Service: which slices, which of their endpoints, and whether they may be trusted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contract/ip.h"
#include "operator/api/objects.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

using Pods = std::map<ObjectKey, api::Pod>;
using SlicesByService = std::map<ObjectKey, std::vector<const api::EndpointSlice*>>;

SlicesByService IndexSlices(const std::map<ObjectKey, api::EndpointSlice>& slices);

// The slice's port that carries this name and protocol.
std::optional<std::uint16_t> PortOf(const api::EndpointSlice& slice, const std::string& name,
                                    const std::string& protocol);

// Empty: the endpoint is a live pod of namespace `ns` that owns `address`. Else why it is not permitted: whoever may
// write an EndpointSlice could otherwise aim copies anywhere (CVE-2021-25740).
std::string WhyNotPermitted(const api::Endpoint& endpoint, const IpAddress& address, const std::string& ns,
                            const Pods& pods);

struct ServiceEndpoints {
  std::vector<EndpointVerdict> endpoints;  // as in TargetVerdict
  int usable = 0;
  int total = 0;
};

// The ready endpoints of `service` behind its UDP port called `port_name`, one per pod.
ServiceEndpoints FindEndpoints(const ObjectKey& service, const std::string& port_name, IpFamily family,
                               const SlicesByService& slices, const Pods& pods);

}  // namespace podmirror::compile
