#include "operator/app/agents.h"

namespace podmirror::app {

Result<push::Agent> JudgeAgent(const kube::TokenOwner& owner, Instant expires, const store::Snapshot& snapshot,
                               const ObjectKey& agent_service_account) {
  if (owner.service_account != agent_service_account) {
    return Fail("the token is not of the agents' service account", owner.service_account.ToString(),
                "use a token of " + agent_service_account.ToString());
  }
  if (owner.pod_name.empty() || owner.pod_uid.empty()) {
    return Fail("the token is bound to no pod", owner.service_account.ToString(),
                "mount a projected token of the agent's own pod");
  }
  if (expires <= snapshot.now) return Fail("the token has expired", "", "read the token's file again");
  const ObjectKey key{agent_service_account.ns, owner.pod_name};
  const auto pod = snapshot.pods.find(key);
  if (pod == snapshot.pods.end() || pod->second.meta.uid != owner.pod_uid) {
    return Fail("the pod that the token is bound to does not exist, or is not seen yet", key.ToString(),
                "try again in a moment");
  }
  const api::Pod& agent = pod->second;
  if (agent.phase == api::PodPhase::kSucceeded || agent.phase == api::PodPhase::kFailed || agent.meta.deleting) {
    return Fail("the pod that the token is bound to has ended, or is about to", key.ToString());
  }
  if (agent.node.empty()) return Fail("the pod that the token is bound to is on no node yet", key.ToString());
  if (!owner.node.empty() && owner.node != agent.node) {
    return Fail("the token and its pod name different nodes", key.ToString());
  }
  return push::Agent{agent.node, owner.pod_uid, expires};
}

}  // namespace podmirror::app
