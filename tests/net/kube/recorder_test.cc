#include "operator/kube/recorder.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/net/kube/gate.h"

namespace podmirror::kube {
namespace {

// Takes what is written; holds everybody up while it is closed.
class Notebook : public Transport {
 public:
  explicit Notebook(bool opened) {
    open.Change([&](bool& is) { is = opened; });
  }
  std::expected<Response, TransportError> Roundtrip(const Request& request) override {
    asked.Change([](int& count) { ++count; });
    open.Await([](bool is) { return is; });
    written.Change([&](std::vector<std::string>& all) { all.push_back(request.body); });
    return Response{201, {}, "{}"};
  }
  std::expected<StreamStart, TransportError> Open(const Request&, std::chrono::milliseconds) override {
    return std::unexpected(TransportError{});
  }
  void Shutdown() override {
    open.Change([](bool& is) { is = true; });
  }

  testing::Watched<bool> open;
  testing::Watched<int> asked;
  testing::Watched<std::vector<std::string>> written;
};

Event On(const std::string& name) {
  return {{"v1", "Service", {"shop", name}, "u"}, {}, false, "Reason", "Act", "note"};
}

std::unique_ptr<Recorder> Start(const std::shared_ptr<Notebook>& notebook) {
  return Recorder::Start(std::make_shared<Client>(notebook, Client::Limits{.per_second = 0}), "me");
}

TEST(Recorder, WritesWhatSeveralThreadsRecord) {
  const auto notebook = std::make_shared<Notebook>(true);
  const auto recorder = Start(notebook);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j) recorder->Record(On("s" + std::to_string(i) + "-" + std::to_string(j)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(notebook->written.Await([](const auto& all) { return all.size() == 200; }));
}

// A server that does not answer holds nobody up, and what is too much is dropped.
TEST(Recorder, NeverBlocksAndDropsWhenFull) {
  const auto notebook = std::make_shared<Notebook>(false);
  const auto recorder = Start(notebook);
  recorder->Record(On("first"));
  ASSERT_TRUE(notebook->asked.Await([](int count) { return count == 1; }));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 5000; ++i) recorder->Record(On("s" + std::to_string(i)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  notebook->open.Change([](bool& is) { is = true; });
  ASSERT_TRUE(notebook->written.Await([](const auto& all) { return all.size() == 1001; }));
  recorder->Record(On("last"));
  ASSERT_TRUE(notebook->written.Await([](const auto& all) { return all.size() == 1002; }));
  EXPECT_NE(notebook->written.Get().back().find("last"), std::string::npos);
}

TEST(Recorder, WritesTheCountOfASeriesWithoutAnotherEvent) {
  const auto notebook = std::make_shared<Notebook>(true);
  const auto recorder = Start(notebook);
  recorder->Record(On("s"));
  recorder->Record(On("s"));
  ASSERT_TRUE(notebook->written.Await([](const auto& all) { return all.size() == 2; }));
  EXPECT_NE(notebook->written.Get()[1].find("\"count\":2"), std::string::npos);
}

TEST(Recorder, GoesAtOnceWhateverWaits) {
  const auto notebook = std::make_shared<Notebook>(false);
  auto recorder = Start(notebook);
  for (int i = 0; i < 100; ++i) recorder->Record(On("s" + std::to_string(i)));
  ASSERT_TRUE(notebook->asked.Await([](int count) { return count == 1; }));
  notebook->Shutdown();
  recorder.reset();
  EXPECT_LE(notebook->written.Get().size(), 100u);
}

}  // namespace
}  // namespace podmirror::kube
