#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "operator/kube/lease.h"
#include "tests/net/kube/gate.h"
#include "tests/unit/lease/lease_server.h"

namespace podmirror::kube {
namespace {

using std::chrono::milliseconds;
using Told = std::vector<std::optional<Epoch>>;

struct Running {
  Running(const std::shared_ptr<testing::LeaseServer>& server, const std::string& identity)
      : elector(Elector::Start(
            std::make_shared<Client>(server, Client::Limits{}),
            {{"podmirror", "operator"}, identity, milliseconds(1000), milliseconds(600), milliseconds(50)},
            [this](std::optional<Epoch> epoch) { told.Change([&](Told& all) { all.push_back(epoch); }); })) {}

  bool AwaitLeading() {
    return told.Await([](const Told& all) { return !all.empty() && all.back().has_value(); });
  }
  bool AwaitLoss() {
    return told.Await([](const Told& all) { return !all.empty() && !all.back().has_value(); });
  }

  testing::Watched<Told> told;
  std::unique_ptr<Elector> elector;  // the last: its thread uses the others
};

TEST(Elector, TheOtherTakesOverWhenTheFirstGoes) {
  const auto server = std::make_shared<testing::LeaseServer>();
  auto first = std::make_unique<Running>(server, "first");
  ASSERT_TRUE(first->AwaitLeading());
  EXPECT_TRUE(first->elector->leading());
  Running second(server, "second");
  first->elector.reset();
  EXPECT_FALSE(first->told.Get().back().has_value()) << "said before it is gone";
  ASSERT_TRUE(second.AwaitLeading());
  EXPECT_EQ(second.told.Get().back()->lease_transitions, 1);
}

TEST(Elector, WhoIsCutOffStopsAndTheOtherTakesOver) {
  const auto server = std::make_shared<testing::LeaseServer>();
  std::atomic<bool> cut = false;
  // What the first one has between itself and the lease.
  struct Cable : testing::LeaseServer {
    Cable(std::shared_ptr<testing::LeaseServer> real, std::atomic<bool>& broken)
        : server(std::move(real)), cut(broken) {}
    std::expected<Response, TransportError> Roundtrip(const Request& request) override {
      if (cut) return std::unexpected(TransportError{TransportError::Kind::kUnreachable, "cut"});
      return server->Roundtrip(request);
    }
    std::shared_ptr<testing::LeaseServer> server;
    std::atomic<bool>& cut;
  };
  Running first(std::make_shared<Cable>(server, cut), "first");
  ASSERT_TRUE(first.AwaitLeading());
  Running second(server, "second");
  cut = true;
  ASSERT_TRUE(first.AwaitLoss());
  EXPECT_FALSE(first.elector->leading());
  ASSERT_TRUE(second.AwaitLeading());
  cut = false;
  EXPECT_FALSE(first.elector->leading());
}

TEST(Elector, LeadingMayBeAskedFromAnyThread) {
  const auto server = std::make_shared<testing::LeaseServer>();
  Running one(server, "one");
  std::atomic<bool> stop = false;
  std::atomic<int> seen = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!stop) seen += one.elector->leading() ? 1 : 0;
    });
  }
  EXPECT_TRUE(one.AwaitLeading());
  while (seen == 0) std::this_thread::yield();
  stop = true;
  for (std::thread& asker : askers) asker.join();
}

}  // namespace
}  // namespace podmirror::kube
