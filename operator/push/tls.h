// OpenSSL as the streams need it: a context for an identity, and a socket that never raises SIGPIPE.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "contract/result.h"
#include "operator/push/server.h"

namespace podmirror::push {

using TlsContext = std::shared_ptr<SSL_CTX>;

// A server's: TLS 1.2 at least, forward secrecy, no renegotiation, no tickets, no buffers while idle.
Result<TlsContext> MakeContext(const Identity& identity);

// Reads and writes the non-blocking socket *fd, which may become -1 later (then everything fails).
BIO* MakeSocketBio(const int* fd);

}  // namespace podmirror::push
