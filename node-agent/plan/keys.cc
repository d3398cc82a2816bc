#include "node-agent/plan/hash.h"
#include "node-agent/plan/plan.h"

namespace podmirror::plan {

std::uint64_t SessionKey(const DesiredSession& session) {
  return Hash().Add(session.key.ns).Add(session.key.name).Add(session.uid).value();
}

std::uint64_t TargetKey(const ObjectKey& target) { return Hash().Add(target.ns).Add(target.name).value(); }

std::uint64_t InterfaceIdentity(const pods::PodLink& link) {
  return Hash()
      .Add(std::span<const std::uint8_t>(link.mac.bytes))
      .Add(std::uint64_t{link.peer_ifindex})
      .Add(static_cast<std::uint64_t>(std::int64_t{link.peer_namespace}))
      .value();
}

}  // namespace podmirror::plan
