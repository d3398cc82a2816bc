// The program's settings, the loop guard and the network services.
#include <algorithm>

#include "contract/reasons.h"
#include "node-agent/plan/lower_abi.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

// A socket set of the kernel with a limit. What is observed counts until it is removed, which comes last.
class SocketSet {
 public:
  SocketSet(const std::set<Socket>& observed, std::set<Socket>& wanted)
      : observed_(observed),
        wanted_(wanted),
        room_(PM_MAX_SOCKETS - std::min<std::size_t>(PM_MAX_SOCKETS, observed.size())) {}

  // False: no room.
  bool Add(const SocketAddress& address) {
    const Socket socket = LowerSocket(address);
    if (wanted_.contains(socket)) return true;
    if (!observed_.contains(socket)) {
      if (room_ == 0) return false;
      --room_;
    }
    wanted_.insert(socket);
    return true;
  }

 private:
  const std::set<Socket>& observed_;
  std::set<Socket>& wanted_;
  std::size_t room_;
};

std::string Limit(std::string_view what) {
  return "this node knows at most " + std::to_string(PM_MAX_SOCKETS) + " " + std::string(what);
}

// Nothing may be sent to an address that is not in the guard: copies could be copied again.
void GuardEndpoints(Draft& draft, SocketSet& guard) {
  for (auto& [address, endpoint] : draft.endpoints)
    if (!guard.Add(address)) endpoint.fault.Say(reason::kNotProgrammed, Limit("collector addresses"));
}

void GuardOtherCollectors(Draft& draft, SocketSet& guard) {
  bool whole = true;
  for (const SocketAddress& collector : draft.desired.collectors) whole = guard.Add(collector) && whole;
  if (whole) return;
  for (SourceDraft& source : draft.sources)
    source.fault.Say(reason::kNotProgrammed, Limit("collector addresses") + "; traffic to the others is not kept out");
}

void WantServices(Draft& draft) {
  SocketSet services(draft.observed.services, draft.wanted.services);
  bool whole = true;
  for (const SocketAddress& dns : draft.desired.cluster_dns) whole = services.Add(dns) && whole;
  if (whole) return;
  for (SourceDraft& source : draft.sources)
    if (draft.dns_sources.contains(source.desired->pod))
      source.fault.Say(reason::kNotProgrammed, Limit("cluster DNS addresses"));
}

}  // namespace

void WantSettings(Draft& draft) {
  draft.wanted.base = true;
  draft.wanted.config = draft.observed.config;
  draft.wanted.config.source_port_mask = (1u << draft.settings.source_port_bits) - 1;
}

void WantSockets(Draft& draft) {
  SocketSet guard(draft.observed.collectors, draft.wanted.collectors);
  GuardEndpoints(draft, guard);
  GuardOtherCollectors(draft, guard);
  WantServices(draft);
}

}  // namespace podmirror::plan
