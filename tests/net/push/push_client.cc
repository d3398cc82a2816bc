#include "tests/net/push/push_client.h"

#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "tests/support/loopback.h"

namespace podmirror::push {
namespace {

constexpr int kPatience = 20'000;

void Trust(SSL_CTX* context, const std::string& bundle) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(bundle.data(), static_cast<int>(bundle.size())), BIO_free);
  while (X509* next = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next);
    X509_free(next);
  }
}

}  // namespace

Client::Client(std::uint16_t port, bool v6, int receive_buffer) : fd_(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets without MSG_NOSIGNAL; the server must not need this
  SetTimeout(kPatience);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  connected_ = podmirror::testing::ConnectToLoopback(fd_, port, v6);
}

Client::~Client() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  close(fd_);
}

void Client::SetTimeout(int milliseconds) const {
  const timeval limit{milliseconds / 1000, milliseconds % 1000 * 1000L};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

bool Client::Tls(const std::string& bundle, const char* name, int at_most) {
  context_ = SSL_CTX_new(TLS_client_method());
  Trust(context_, bundle);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_security_level(context_, 0);  // so that old versions may be offered
  if (at_most > 0) SSL_CTX_set_max_proto_version(context_, at_most);
  ssl_ = SSL_new(context_);
  SSL_set1_host(ssl_, name);
  SSL_set_fd(ssl_, fd_);
  return SSL_connect(ssl_) == 1;
}

bool Client::Send(std::string_view bytes) {
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

bool Client::SendPlain(std::string_view bytes) const {
  return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// Masked with zeros, which is a mask.
bool Client::SendFrame(int opcode, std::string_view payload, bool final) {
  std::string frame(1, static_cast<char>(opcode | (final ? 0x80 : 0)));
  const int extra = payload.size() < 126 ? 0 : payload.size() < 65'536 ? 2 : 8;  // the shortest form is demanded
  frame += static_cast<char>(0x80 | (extra == 0 ? static_cast<int>(payload.size()) : extra == 2 ? 126 : 127));
  for (int shift = 8 * (extra - 1); shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift);
  frame.append(4, '\0');
  return Send(frame.append(payload));
}

std::string Client::Ask(const std::string& token, const std::string& path) {
  std::string request = "GET " + path +
                        " HTTP/1.1\r\nHost: operator.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  return Send(request + "\r\n") ? ReadResponse() : "not sent";
}

std::string Client::ReadResponse() {
  while (!buffer_.contains("\r\n\r\n")) {
    if (ReadSome() <= 0) return std::exchange(buffer_, "");
  }
  if (!buffer_.starts_with("HTTP/1.1 101 ")) {
    while (ReadSome() > 0) {
    }
    return std::exchange(buffer_, "");
  }
  const std::size_t end = buffer_.find("\r\n\r\n") + 4;
  const std::string response = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return response;
}

int Client::ReadSome() {
  char bytes[16 << 10];
  const int got =
      ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof(bytes)) : static_cast<int>(recv(fd_, bytes, sizeof(bytes), 0));
  if (got > 0) buffer_.append(bytes, static_cast<std::size_t>(got));
  return got;
}

bool Client::Fill(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (ReadSome() <= 0) return false;
  }
  return true;
}

std::optional<Frame> Client::ReadFrame(int milliseconds) {
  SetTimeout(milliseconds);
  if (!Fill(2)) return std::nullopt;
  const auto byte = [this](std::size_t at) { return static_cast<unsigned char>(buffer_[at]); };
  std::size_t size = byte(1) & 0x7f, head = 2;
  const int extra = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (!Fill(head + static_cast<std::size_t>(extra))) return std::nullopt;
  if (extra > 0) size = 0;
  for (int i = 0; i < extra; ++i) size = size << 8 | byte(head++);
  if (!Fill(head + size)) return std::nullopt;
  Frame frame{byte(0) & 0x0f, buffer_.substr(head, size)};
  buffer_.erase(0, head + size);
  return frame;
}

std::string Client::ReadClose() {
  while (auto frame = ReadFrame()) {
    if (frame->opcode == kClose) return frame->payload.size() > 2 ? frame->payload.substr(2) : "";
  }
  return "";
}

bool Client::ReadEnd() {
  SetTimeout(kPatience);
  while (true) {
    char bytes[16 << 10];
    const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    if (got < 0) return false;
  }
}

bool Client::is_quiet(int milliseconds) {
  SetTimeout(milliseconds);
  char byte = 0;
  return buffer_.empty() && SSL_pending(ssl_) == 0 && recv(fd_, &byte, 1, MSG_PEEK) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace podmirror::push
