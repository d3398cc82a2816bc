#include "operator/push/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <new>

#include <boost/asio/error.hpp>

namespace podmirror::push {

using boost::system::error_code;

TlsStream::TlsStream(Socket socket, const TlsContext& context)
    : socket_(std::move(socket)), fd_(socket_.native_handle()), ssl_(SSL_new(context.get())) {
  BIO* bio = MakeSocketBio(&fd_);
  if (ssl_ == nullptr || bio == nullptr) throw std::bad_alloc();
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Try TlsStream::Judge(int result, std::size_t bytes) {
  if (result > 0) return {Next::kDone, {}, bytes};
  const int saved = errno;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return {Next::kWaitToRead, {}, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Next::kWaitToWrite, {}, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Next::kDone, boost::asio::error::eof, 0};
    case SSL_ERROR_SYSCALL:
      if (saved != 0) return {Next::kDone, error_code(saved, boost::system::system_category()), 0};
      return {Next::kDone, boost::asio::error::eof, 0};
    default:
      return {Next::kDone, boost::asio::error::connection_aborted, 0};
  }
}

TlsStream::Try TlsStream::TryHandshake() {
  ERR_clear_error();
  errno = 0;
  return Judge(SSL_do_handshake(ssl_), 0);
}

TlsStream::Try TlsStream::TryRead(void* data, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_, data, size, &bytes);
  return Judge(result, bytes);
}

TlsStream::Try TlsStream::TryWrite(const void* data, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int result = SSL_write_ex(ssl_, data, size, &bytes);
  return Judge(result, bytes);
}

boost::asio::mutable_buffer TlsStream::Scratch() {
  thread_local std::array<unsigned char, SSL3_RT_MAX_PLAIN_LENGTH> scratch;
  return boost::asio::buffer(scratch);
}

void TlsStream::ShutDown() {
  if (fd_ < 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void TlsStream::Close() {
  fd_ = -1;
  error_code ignored;
  socket_.close(ignored);
}

void teardown(boost::beast::role_type /*role*/, TlsStream& stream, error_code& error) {
  stream.ShutDown();
  error = {};
}

}  // namespace podmirror::push
