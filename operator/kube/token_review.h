// Whose a ServiceAccount token is (authentication.k8s.io/v1 TokenReview).
#pragma once

#include <optional>
#include <string>

#include "contract/names.h"
#include "operator/kube/client.h"

namespace podmirror::kube {

struct TokenOwner {
  ObjectKey service_account;
  std::string pod_name;  // of the pod that the token is bound to; empty: bound to none
  std::string pod_uid;
  NodeName node;  // of that pod, as the API server says; empty where it says nothing
};

// An Error where the API server does not vouch for the token and the audience, or cannot be asked.
Result<TokenOwner> ReviewToken(Client& client, const std::string& token, const std::string& audience);

// When a JWT says that it ends (claim exp); the signature is not looked at: for a token that was reviewed.
std::optional<Instant> ExpiryOf(const std::string& token);

}  // namespace podmirror::kube
