// An agent as hostile as a test wants it: blocking TLS and WebSocket frames by hand, each call limited to 20 s.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podmirror::push {

struct Frame {
  int opcode = 0;  // RFC 6455 section 5.2: 1 text, 2 binary, 8 close, 9 ping, 10 pong
  std::string payload;
};

inline constexpr int kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

class Client {
 public:
  // TCP only, to ::1 or 127.0.0.1. `receive_buffer`: bytes, 0 for the kernel's own choice.
  explicit Client(std::uint16_t port, bool v6 = true, int receive_buffer = 0);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // TLS, verified as an agent verifies. False: it failed.
  bool Tls(const std::string& bundle, const char* name = "operator.test", int at_most = 0);
  int tls_version() const { return SSL_version(ssl_); }

  bool Send(std::string_view bytes);
  bool SendPlain(std::string_view bytes) const;  // on the socket itself
  bool SendFrame(int opcode, std::string_view payload, bool final = true);
  // Asks for the stream; the response, with its body. "HTTP/1.1 101 ..." where it is open.
  std::string Ask(const std::string& token, const std::string& path = "/v1/stream");
  std::string ReadResponse();

  // nullopt: closed by the other side, or nothing for `milliseconds`.
  std::optional<Frame> ReadFrame(int milliseconds = 20'000);
  // Skips pings. The text of the close frame without its code, or "" where the connection just ended.
  std::string ReadClose();
  // True: the other side closed within 20 s (whatever came before is thrown away).
  bool ReadEnd();
  bool is_quiet(int milliseconds);  // nothing comes for so long, and it is still open

 private:
  bool Fill(std::size_t bytes);  // until so many are buffered
  int ReadSome();
  void SetTimeout(int milliseconds) const;

  int fd_ = -1;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

}  // namespace podmirror::push
