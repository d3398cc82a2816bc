// Everything at once, for the sanitizers; at the end every agent has the last state.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

constexpr int kNodes = 4, kRounds = 12;

std::string NameOf(int node) { return "node-" + std::to_string(node); }

class Race : public PushWorld {
 protected:
  void Brain(const std::atomic<bool>& stop) {
    for (int i = 0; !stop; ++i) {
      for (int n = 0; n < kNodes; ++n) Publish(NameOf(n), std::to_string(i) + std::string(20'000, 'x'));
      if (i % 7 == 0) server_->Disconnect("uid-of-nobody-" + std::to_string(i));
      if (i % 11 == 0) server_->Publish(NameOf(0), nullptr);
      if (i % 50 == 0) server_->Lead(i % 100 != 0);
      if (i % 60 == 0) server_->UseIdentity(IdentityOf(certificates_));
      server_->counts();
    }
    server_->Lead(true);
  }

  void Agent(const std::string& node) {
    for (int round = 0; round < kRounds; ++round) {
      Client client(server_->port());
      if (!client.Tls(certificates_.bundle)) continue;
      if (!client.Ask(node).starts_with("HTTP/1.1 101 ")) continue;
      for (int i = 0; i < 5 && client.ReadFrame(200); ++i) client.SendFrame(kText, Report("6.1"));
    }
  }

  // Pings are answered meanwhile. False: the stream ended.
  static bool Reaches(Client& agent, const std::string& state) {
    while (const auto frame = agent.ReadFrame()) {
      if (frame->opcode == kText && frame->payload == state) return true;
      if (frame->opcode == kPing) agent.SendFrame(kPong, frame->payload);
    }
    return false;
  }
};

TEST_F(Race, AgentsComeAndGoWhileStatesIdentitiesAndTheLeadChange) {
  Start({.ping = std::chrono::milliseconds(10), .report_interval = std::chrono::milliseconds(1), .threads = 3});
  std::atomic<bool> stop = false;
  std::thread brain([&] { Brain(stop); });
  std::vector<std::thread> agents;
  agents.reserve(kNodes);
  for (int n = 0; n < kNodes; ++n) agents.emplace_back([this, n] { Agent(NameOf(n)); });
  for (std::thread& agent : agents) agent.join();
  stop = true;
  brain.join();
  for (int n = 0; n < kNodes; ++n) {
    Publish(NameOf(n), "last");
    EXPECT_TRUE(Reaches(*Open(NameOf(n)), "last"));
  }
}

}  // namespace
}  // namespace podmirror::push
