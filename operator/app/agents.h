// Whether the bearer of a token is one of our agents, and of which node. Pure.
#pragma once

#include "contract/result.h"
#include "operator/kube/token_review.h"
#include "operator/push/server.h"
#include "operator/store/snapshot.h"

namespace podmirror::app {

// `owner` is what the API server says of the token, `expires` when it ends. The token must be of the agents' service
// account and bound to a live pod of ours; the node is that pod's, never what anybody says.
Result<push::Agent> JudgeAgent(const kube::TokenOwner& owner, Instant expires, const store::Snapshot& snapshot,
                               const ObjectKey& agent_service_account);

}  // namespace podmirror::app
