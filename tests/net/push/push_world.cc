#include "tests/net/push/push_world.h"

#include <algorithm>

#include "contract/codec.h"

namespace podmirror::push {
namespace {

Instant Now() { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace

Certificates NewCertificates() { return Renew({}, Now(), {.dns_names = {"operator.test"}})->certificates; }

void PushWorld::Start(Settings settings) {
  settings.listen = ":0";
  const auto authenticate = [this](std::string token, Done done) {
    {
      const std::scoped_lock lock(mutex_);
      if (hold_) {
        held_.emplace_back(std::move(token), std::move(done));
        said_.notify_all();
        return;
      }
    }
    done(AgentOf(token));
  };
  auto server = Server::Listen(
      settings, IdentityOf(certificates_), authenticate,
      {.reported = [this](const NodeName& node,
                          const ReportMessage& report) { Say(node + " reports " + report.kernel); },
       .connected = [this](const NodeName& node, bool on) { Say(node + (on ? " on" : " off")); },
       .misbehaved = [this](const NodeName& node,
                            const Error& error) { Say("misbehaved " + node + ": " + Describe(error)); }});
  ASSERT_TRUE(server) << Describe(server.error());
  server_ = std::move(*server);
  server_->Lead(true);
}

void PushWorld::Know(const std::string& token, Agent agent) {
  const std::scoped_lock lock(mutex_);
  agents_[token] = std::move(agent);
}

Result<Agent> PushWorld::AgentOf(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  if (token == "refused") return Fail("the token is not for podmirror-operator", "token", "mount the projected one");
  const auto known = agents_.find(token);
  if (known != agents_.end()) return known->second;
  return Agent{token, "uid-" + token, Now() + std::chrono::hours(1)};
}

void PushWorld::HoldTokens() {
  const std::scoped_lock lock(mutex_);
  hold_ = true;
}

void PushWorld::Judge() {
  std::vector<std::pair<std::string, Done>> held;
  {
    const std::scoped_lock lock(mutex_);
    held.swap(held_);
  }
  for (auto& [token, done] : held) done(AgentOf(token));
}

void PushWorld::AwaitTokens(std::size_t count) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(said_.wait_for(lock, kPatience, [&] { return held_.size() >= count; }));
}

std::unique_ptr<Client> PushWorld::Dial(int receive_buffer) const {
  auto client = std::make_unique<Client>(server_->port(), true, receive_buffer);
  EXPECT_TRUE(client->Tls(certificates_.bundle));
  return client;
}

std::unique_ptr<Client> PushWorld::Open(const std::string& token) const {
  auto client = Dial();
  const std::string response = client->Ask(token);
  EXPECT_TRUE(response.starts_with("HTTP/1.1 101 ")) << response;
  return client;
}

std::unique_ptr<Client> PushWorld::Joined(const std::string& token) {
  const std::size_t before = Said(token + " on");
  auto client = Open(token);
  EXPECT_TRUE(Await(token + " on", before + 1));
  return client;
}

void PushWorld::Say(std::string text) {
  const std::scoped_lock lock(mutex_);
  events_.push_back(std::move(text));
  said_.notify_all();
}

bool PushWorld::Await(const std::string& text, std::size_t times) {
  std::unique_lock lock(mutex_);
  return said_.wait_for(lock, kPatience,
                        [&] { return std::ranges::count(events_, text) >= static_cast<std::ptrdiff_t>(times); });
}

std::size_t PushWorld::Said(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(events_, text));
}

std::vector<std::string> PushWorld::Events() {
  const std::scoped_lock lock(mutex_);
  return events_;
}

std::string PushWorld::Report(const std::string& kernel) {
  ReportMessage report;
  report.agent_version = "0.1.0";
  report.kernel = kernel;
  report.attach_mode = "tcx";
  return Encode(report);
}

}  // namespace podmirror::push
