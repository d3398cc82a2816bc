// A link and what it said.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "node-agent/link/link.h"
#include "process/mailbox.h"
#include "tests/net/link/authority.h"
#include "tests/support/folder.h"

namespace podmirror::testing {

inline std::chrono::steady_clock::time_point Soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

inline constexpr const char* kServerName = "podmirror-operator.podmirror.svc";

struct AgentEnd {
  AgentEnd() {
    settings.server_name = kServerName;
    settings.ca_file = folder.Write("ca.crt", authority.certificate());
    settings.token_file = folder.Write("token", "token-one\n");
    settings.pause = std::chrono::milliseconds(20);
    settings.longest_pause = std::chrono::milliseconds(50);
  }

  Pem Identity() const { return authority.Sign(kServerName); }

  void Start(std::uint16_t port) {
    settings.address = "127.0.0.1:" + std::to_string(port);
    Start();
  }
  void Start() {
    link::Listener listener;
    listener.state = [this](StateMessage message) { states.SendNow(std::move(message)); };
    listener.connected = [this](bool connected) { connections.SendNow(connected); };
    listener.failed = [this](const Error& error) { failures.SendNow(error); };
    link = link::Link::Start(settings, std::move(listener));
  }

  // The next failure's words; empty where none came.
  std::string Failure() {
    const auto error = failures.Receive(Soon());
    return error.has_value() ? Describe(*error) : "";
  }
  bool Connected() { return connections.Receive(Soon()).value_or(false); }

  TestAuthority authority;
  Folder folder;
  link::Settings settings;
  process::Mailbox<StateMessage> states{1000};
  process::Mailbox<bool> connections{1000};
  process::Mailbox<Error> failures{1000};
  std::unique_ptr<link::Link> link;
};

inline StateMessage Numbered(std::uint64_t number) {
  StateMessage message;
  message.revision.number = number;
  return message;
}

}  // namespace podmirror::testing
