// A server on loopback, tokens for its agents, and a record of what it tells its listener.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "operator/push/authority.h"
#include "operator/push/server.h"
#include "tests/net/push/push_client.h"

namespace podmirror::push {

inline constexpr std::chrono::seconds kPatience{20};

Certificates NewCertificates();

class PushWorld : public ::testing::Test {
 protected:
  void TearDown() override { server_.reset(); }

  // A token "node-a" is of the pod "uid-node-a" on the node "node-a", for an hour; "refused" is nobody's; a token that
  // Know() was called with is as told.
  void Start(Settings settings = {});
  void Know(const std::string& token, Agent agent);
  // From here on tokens are judged when Judge() is called.
  void HoldTokens();
  void Judge();
  void AwaitTokens(std::size_t count);

  void Publish(const NodeName& node, std::string text) {
    server_->Publish(node, std::make_shared<const std::string>(std::move(text)));
  }
  std::unique_ptr<Client> Dial(int receive_buffer = 0) const;    // TLS is done
  std::unique_ptr<Client> Open(const std::string& token) const;  // the stream is open
  std::unique_ptr<Client> Joined(const std::string& token);      // and the listener knows
  // Waits until `text` was said `times` times in all.
  bool Await(const std::string& text, std::size_t times = 1);
  std::size_t Said(const std::string& text);
  std::vector<std::string> Events();

  static std::string Report(const std::string& kernel);

  Certificates certificates_ = NewCertificates();
  std::unique_ptr<Server> server_;

 private:
  using Done = std::function<void(Result<Agent>)>;

  void Say(std::string text);
  Result<Agent> AgentOf(const std::string& token);

  std::mutex mutex_;
  std::condition_variable said_;
  std::vector<std::string> events_;
  std::map<std::string, Agent> agents_;
  bool hold_ = false;
  std::vector<std::pair<std::string, Done>> held_;
};

}  // namespace podmirror::push
