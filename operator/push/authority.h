// The operator's own certificates: an authority of ours signs what the stream shows. Pure but for the randomness of new
// keys (OpenSSL). They live in a Secret and a ConfigMap that the caller reads and writes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "contract/names.h"
#include "contract/result.h"
#include "operator/push/server.h"

namespace podmirror::push {

struct AuthoritySettings {
  std::vector<std::string> dns_names;  // of the operator's Service
  std::chrono::hours authority_life{24 * 365};
  std::chrono::hours certificate_life{24 * 30};
  std::chrono::minutes overlap{5};  // a new authority is in the bundle this long before it signs
};

// All PEM; what the Secret holds, by its key there. Empty at the beginning.
struct Certificates {
  std::string authority;           // ca.crt: the one that signs, then retired ones that agents may still need
  std::string authority_key;       // ca.key
  std::string next_authority;      // next-ca.crt: already in the bundle, signs after the overlap
  std::string next_authority_key;  // next-ca.key
  std::string certificate;         // tls.crt
  std::string key;                 // tls.key
  std::string bundle;              // for the ConfigMap: what agents trust. Never read: it is made of the Secret

  bool operator==(const Certificates&) const = default;
};

struct Renewed {
  Certificates certificates;  // equal to what was given where nothing is due
  Instant look_again;
};

// What the certificates should be at `now`: made where absent or unreadable, renewed at two thirds of their life.
Result<Renewed> Renew(const Certificates& current, Instant now, const AuthoritySettings& settings);

Identity IdentityOf(const Certificates& certificates);

}  // namespace podmirror::push
