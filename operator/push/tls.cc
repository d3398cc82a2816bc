#include "operator/push/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cerrno>

namespace podmirror::push {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, Free> Memory(const std::string& pem) {
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

bool UseChain(SSL_CTX* context, const std::string& pem) {
  const auto memory = Memory(pem);
  const std::unique_ptr<X509, Free> leaf(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (X509* more = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
    const std::unique_ptr<X509, Free> owned(more);
    if (SSL_CTX_add1_chain_cert(context, more) != 1) return false;
  }
  ERR_clear_error();  // the end of the text is an error to the reader
  return true;
}

// Never asks at a terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

bool UseKey(SSL_CTX* context, const std::string& pem) {
  const auto memory = Memory(pem);
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(memory.get(), nullptr, NoPassword, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

int Fd(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

bool IsRetry(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int Write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(Fd(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && IsRetry(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int Read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(Fd(bio), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && IsRetry(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long Control(BIO* /*bio*/, int command, long /*number*/, void* /*data*/) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream socket");
    BIO_meth_set_write(made, Write);
    BIO_meth_set_read(made, Read);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

}  // namespace

Result<TlsContext> MakeContext(const Identity& identity) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Fail("cannot make a TLS context", "OpenSSL");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!UseChain(context.get(), identity.certificates)) {
    ERR_clear_error();
    return Fail("cannot read the certificates", "tls.crt", "give PEM: the server's own first");
  }
  if (!UseKey(context.get(), identity.key)) {
    ERR_clear_error();
    return Fail("cannot use the key", "tls.key", "give the PEM key of the first certificate, without a password");
  }
  return context;
}

BIO* MakeSocketBio(const int* fd) {
  BIO* bio = BIO_new(SocketMethod());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, const_cast<int*>(fd));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace podmirror::push
