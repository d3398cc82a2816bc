#include "operator/kube/reflector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "tests/net/kube/gate.h"

namespace podmirror::kube {
namespace {

using std::chrono::milliseconds;

struct Lines {
  std::deque<std::string> waiting;
  bool cancelled = false;
  bool unreachable = false;
  int asked = 0;
  int streams = 0;
};

// A stream whose lines a test gives while it runs.
class LiveStream : public Stream {
 public:
  explicit LiveStream(testing::Watched<Lines>& lines) : lines_(lines) {}
  std::expected<std::optional<std::string>, TransportError> Next() override {
    lines_.Await([](const Lines& lines) { return lines.cancelled || lines.unreachable || !lines.waiting.empty(); });
    std::expected<std::optional<std::string>, TransportError> next =
        std::unexpected(TransportError{TransportError::Kind::kCancelled, "cancelled"});
    lines_.Change([&](Lines& lines) {
      if (lines.unreachable) next.error() = {TransportError::Kind::kUnreachable, "reset"};
      if (lines.cancelled || lines.unreachable || lines.waiting.empty()) return;
      next = std::move(lines.waiting.front());
      lines.waiting.pop_front();
    });
    return next;
  }
  void Cancel() override {
    lines_.Change([](Lines& lines) { lines.cancelled = true; });
  }

 private:
  testing::Watched<Lines>& lines_;
};

class LiveServer : public Transport {
 public:
  std::expected<Response, TransportError> Roundtrip(const Request& request) override {
    bool down = false;
    lines.Change([&](Lines& all) {
      ++all.asked;
      down = all.unreachable;
    });
    if (down) return std::unexpected(TransportError{TransportError::Kind::kUnreachable, "refused"});
    if (request.target.find("kube-system") != std::string::npos)
      return Response{200, {}, R"({"metadata":{"uid":"x"}})"};
    return Response{200, {}, R"({"metadata":{"resourceVersion":"9"},"items":[]})"};
  }
  std::expected<StreamStart, TransportError> Open(const Request&, milliseconds) override {
    StreamStart start;
    start.head.status = 200;
    start.stream = std::make_unique<LiveStream>(lines);
    lines.Change([](Lines& all) { ++all.streams; });
    return start;
  }
  void Shutdown() override {}

  void Say(const std::string& type, const std::string& metadata) {
    lines.Change([&](Lines& all) {
      all.waiting.push_back(R"({"type":")" + type + R"(","object":{"kind":"Namespace","apiVersion":"v1","metadata":{)" +
                            metadata + "}}}");
    });
  }
  void EndList() { Say("BOOKMARK", R"("resourceVersion":"5","annotations":{"k8s.io/initial-events-end":"true"})"); }

  testing::Watched<Lines> lines;
};

using Seen = std::vector<std::size_t>;  // indices into WatchEvent

struct Running {
  explicit Running(std::shared_ptr<LiveServer> live)
      : server(std::move(live)),
        reflector(Reflector::Start(
            Kind::kNamespace, std::make_shared<Client>(server, Client::Limits{}), {},
            [this](WatchEvent event) { seen.Change([&](Seen& all) { all.push_back(event.index()); }); })) {}
  template <typename Event>
  bool Await() {
    return seen.Await(
        [](const Seen& all) { return std::find(all.begin(), all.end(), WatchEvent(Event{}).index()) != all.end(); });
  }

  std::shared_ptr<LiveServer> server;
  testing::Watched<Seen> seen;
  std::unique_ptr<Reflector> reflector;
};

TEST(Reflector, HandsOverWhatComesAndStopsInAnOpenStream) {
  Running running(std::make_shared<LiveServer>());
  running.server->EndList();
  ASSERT_TRUE(running.Await<Listed>());
  running.server->Say("ADDED", R"("name":"shop","resourceVersion":"6")");
  ASSERT_TRUE(running.Await<Put>());
  running.server->Say("DELETED", R"("name":"shop","resourceVersion":"7")");
  ASSERT_TRUE(running.Await<Removed>());
  running.reflector.reset();
}

TEST(Reflector, StopsWhileItWaitsForAServerThatIsAway) {
  const auto server = std::make_shared<LiveServer>();
  server->lines.Change([](Lines& lines) { lines.unreachable = true; });
  Running running(server);
  ASSERT_TRUE(running.Await<Unheard>());
  const auto began = std::chrono::steady_clock::now();
  running.reflector->Stop();
  running.reflector.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST(Reflector, GoesOnAfterAnOutageByItself) {
  Running running(std::make_shared<LiveServer>());
  running.server->EndList();
  ASSERT_TRUE(running.Await<Listed>());
  running.server->lines.Change([](Lines& lines) { lines.unreachable = true; });
  ASSERT_TRUE(running.Await<Unheard>());
  running.server->lines.Change([](Lines& lines) { lines.unreachable = false; });
  ASSERT_TRUE(running.server->lines.Await([](const Lines& lines) { return lines.streams == 2; }));
  running.server->Say("ADDED", R"("name":"shop","resourceVersion":"16")");
  EXPECT_TRUE(running.Await<Put>());
}

TEST(Reflector, MayBeStoppedAtAnyMoment) {
  for (int i = 0; i < 50; ++i) {
    Running running(std::make_shared<LiveServer>());
    if (i % 2 == 0) running.server->EndList();
    if (i % 3 == 0) running.reflector->Stop();
    running.reflector.reset();
  }
}

}  // namespace
}  // namespace podmirror::kube
