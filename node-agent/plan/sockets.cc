// The program's settings, the loop guard and the network services.
#include <algorithm>

#include "contract/reasons.h"
#include "node-agent/plan/lower_abi.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

// The room in a map of sockets. What is observed counts until it is removed, which comes last.
template <typename Sockets>
class Room {
 public:
  Room(const Sockets& observed, const Sockets& wanted)
      : observed_(observed),
        wanted_(wanted),
        room_(PM_MAX_SOCKETS - std::min<std::size_t>(PM_MAX_SOCKETS, observed.size())) {}

  // False: none is left.
  bool Take(const Socket& socket) {
    if (wanted_.contains(socket) || observed_.contains(socket)) return true;
    if (room_ == 0) return false;
    --room_;
    return true;
  }

 private:
  const Sockets& observed_;
  const Sockets& wanted_;
  std::size_t room_;
};

class Guard {
 public:
  explicit Guard(Draft& draft) : draft_(draft), room_(draft.observed.collectors, draft.wanted.collectors) {}

  // False: no room.
  bool Add(const SocketAddress& address) {
    const Socket socket = LowerSocket(address);
    if (!room_.Take(socket)) return false;
    draft_.wanted.collectors[socket] = GuardOf(address);
    return true;
  }

 private:
  // An address that is in neither list is kept from all.
  std::uint8_t GuardOf(const SocketAddress& address) const {
    const DesiredState& desired = draft_.desired;
    const bool normal = std::ranges::find(desired.collectors, address) != desired.collectors.end() &&
                        std::ranges::find(desired.priority_collectors, address) == desired.priority_collectors.end();
    return normal ? PM_GUARD_NORMAL : PM_GUARD_ALL;
  }

  Draft& draft_;
  Room<std::map<Socket, std::uint8_t>> room_;
};

std::string Limit(std::string_view what) {
  return "this node knows at most " + std::to_string(PM_MAX_SOCKETS) + " " + std::string(what);
}

// Nothing may be sent to an address that is not in the guard: copies could be copied again.
void GuardEndpoints(Draft& draft, Guard& guard) {
  for (auto& [address, endpoint] : draft.endpoints)
    if (!guard.Add(address)) endpoint.fault.Say(reason::kNotProgrammed, Limit("collector addresses"));
}

void GuardOtherCollectors(Draft& draft, Guard& guard) {
  bool whole = true;
  for (const SocketAddress& collector : draft.desired.priority_collectors) whole = guard.Add(collector) && whole;
  for (const SocketAddress& collector : draft.desired.collectors) whole = guard.Add(collector) && whole;
  if (whole) return;
  for (SourceDraft& source : draft.sources)
    source.fault.Say(reason::kNotProgrammed, Limit("collector addresses") + "; traffic to the others is not kept out");
}

void WantServices(Draft& draft) {
  Room<std::set<Socket>> room(draft.observed.services, draft.wanted.services);
  bool whole = true;
  for (const SocketAddress& dns : draft.desired.cluster_dns) {
    const Socket socket = LowerSocket(dns);
    if (room.Take(socket)) {
      draft.wanted.services.insert(socket);
    } else {
      whole = false;
    }
  }
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
  Guard guard(draft);
  GuardEndpoints(draft, guard);
  GuardOtherCollectors(draft, guard);
  WantServices(draft);
}

}  // namespace podmirror::plan
