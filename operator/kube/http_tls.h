// What a TLS connection to the API server is made with, and how the server's certificate is judged: against our own
// authority and nothing else, by name or address (RFC 6125, RFC 2818), by OpenSSL, whose reason is kept for people.
#pragma once

#include <memory>
#include <string>

#include "contract/result.h"
#include "operator/kube/http_material.h"

using SSL_CTX = struct ssl_ctx_st;  // as openssl/types.h declares it

namespace podmirror::kube {

// Parsed once, then shared by all connections; immutable but for the last fault. Any thread.
class TlsMaterial {
 public:
  // `name`: the DNS name or address that the certificate must have. `verify`: false accepts any certificate.
  static Result<std::shared_ptr<TlsMaterial>> Parse(const Credentials& credentials, const std::string& name,
                                                    bool verify);
  virtual ~TlsMaterial() = default;
  // Prepares a context that nothing uses yet. The context keeps this alive. False: OpenSSL had no memory.
  virtual bool Prepare(SSL_CTX* context) = 0;
  // Why the last certificate that was refused was refused; empty: none was.
  virtual std::string LastFault() const = 0;
};

}  // namespace podmirror::kube
