// A small operator: TLS, one WebSocket at a time, and whatever a test wants it to do wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "process/mailbox.h"
#include "tests/net/link/authority.h"

namespace podmirror::testing {

struct Seen {
  std::string target;
  std::string authorization;
  std::string host;
};

// How the next connections are answered.
struct Manner {
  Pem identity;
  unsigned status = 101;  // else this answer, with `body`
  std::string body = {};
  bool old_tls = false;  // TLS 1.1 at most
  bool silent = false;   // takes the connection and says nothing
};

class TestOperator {
 public:
  explicit TestOperator(Manner manner, const std::string& address = "127.0.0.1");
  ~TestOperator();
  TestOperator(const TestOperator&) = delete;
  TestOperator& operator=(const TestOperator&) = delete;

  std::uint16_t port() const;
  void Use(Manner manner);

  // Of the stream that is open now.
  void Send(const std::string& text, bool as_text = true);
  void Ping();
  void Close(const std::string& reason);  // with a WebSocket close frame
  void Cut();                             // without a word
  void Hang();                            // reads, answers and sends nothing any more, for ever

  process::Mailbox<Seen> upgrades{1000};         // each that asked
  process::Mailbox<std::string> messages{1000};  // what agents sent
  std::atomic<int> pongs{0};
  std::atomic<int> connections{0};

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podmirror::testing
