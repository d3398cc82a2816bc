// What only shows with time or number: pooled connections, slow readers, leaks.
#include <gmock/gmock.h>

#include <vector>

#include "tests/kube/conformance/suite.h"

namespace podmirror::kube::conformance {
namespace {

using std::chrono::milliseconds;

// Waits until `holds`; what is waited for happens in threads that tell nobody.
bool Eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

// The server closes each connection after `answers` answers, and acts on each POST that it reads.
class Closing {
 public:
  // `acts_unanswered`: it reads one more request, acts on it and closes without a word.
  FaultServer::Script Script(int answers, bool acts_unanswered) {
    return [this, answers, acts_unanswered](Peer& peer) {
      for (int i = 0; i < answers; ++i) {
        const auto asked = peer.Read();
        if (!asked) return;
        posts += asked->method == "POST" ? 1 : 0;
        peer.Write(Answer(200, "{}"));
      }
      if (!acts_unanswered) return peer.Close();
      if (const auto asked = peer.Read()) posts += asked->method == "POST" ? 1 : 0;
      peer.Close();
    };
  }
  std::atomic<int> posts = 0;
};

TEST_P(Conformance, PooledConnectionThatTheServerHasClosedIsNotUsed) {
  Closing closing;
  const Ending ending(*this);
  Serve(closing.Script(1, /*acts_unanswered=*/false));
  for (int i = 1; i <= 20; ++i) {
    const auto answer = Post("{}");
    ASSERT_TRUE(answer) << Say(answer);
    EXPECT_EQ(closing.posts, i);
    EXPECT_TRUE(server_->AwaitClosed(i));
  }
}

// It cannot be told from outside whether the server has acted; saying it again is up to who knows what it means.
TEST_P(Conformance, WriteThatMayHaveBeenDoneIsNotSaidAgain) {
  for (const bool tls : {true, false}) {
    Closing closing;
    const Ending ending(*this);
    if (tls) {
      Serve(closing.Script(1, /*acts_unanswered=*/true));
    } else {
      ServePlain(closing.Script(1, /*acts_unanswered=*/true));
    }
    Reconnect(Config());
    int said = 0;
    int lost = 0;
    while (lost < 5) {
      ++said;
      const auto answer = Post("{\"n\":1}");
      ASSERT_TRUE(answer || answer.error().kind == Kind::kUnreachable) << Say(answer);
      lost += answer ? 0 : 1;
      ASSERT_LE(closing.posts, said) << "more often than it was said";
      ASSERT_LT(said, 1000);
    }
    transport_.reset();
  }
}

TEST_P(Conformance, SlowReaderMakesTheServerWaitAndNotTheMemoryGrow) {
  constexpr std::size_t kEvent = 5 << 10;
  constexpr int kEvents = 40'000;  // 200 MB
  std::atomic<int> sent = 0;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    const std::string event = Chunk(std::string(kEvent - 1, 'x') + "\n");
    while (sent < kEvents && peer.Write(event)) ++sent;
    peer.Write(kLastChunk);
  });
  const auto stream = Open(milliseconds(1000));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->Next().value());
  const long before = ResidentKiB();
  // The reader stalls, for longer than the idle time too, until the server cannot go on.
  int last = -1;
  ASSERT_TRUE(Eventually([&] {
    std::this_thread::sleep_for(milliseconds(300));
    return std::exchange(last, sent.load()) == sent.load();
  }));
  EXPECT_LT(sent, kEvents / 4) << "the server was not made to wait";
  std::this_thread::sleep_for(milliseconds(1200));
  long highest = ResidentKiB();
  int lines = 1;
  for (auto line = stream->Next(); line && *line; line = stream->Next()) {
    ++lines;
    if (lines % 1000 == 0) highest = std::max(highest, ResidentKiB());
  }
  EXPECT_EQ(lines, kEvents) << "and nothing is lost";
  EXPECT_LT(highest - before, 64 << 10);
}

TEST_P(Conformance, CancelWhileTheServerIsMadeToWaitIsQuick) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    const std::string piece = Chunk(std::string((64 << 10) - 1, 'x') + "\n");
    while (peer.Write(piece)) continue;
  });
  auto stream = Open();
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->Next());
  std::this_thread::sleep_for(milliseconds(300));  // to fill what there is to fill
  EXPECT_LT(Took([&] {
              stream->Cancel();
              EXPECT_EQ(KindOf(stream->Next()), Kind::kCancelled);
              stream.reset();
            }),
            kAtOnce);
  EXPECT_TRUE(server_->AwaitClosed(1));
}

TEST_P(Conformance, ThousandStreamsLeaveNothingBehind) {
  ServePlain([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    peer.WaitUntilClosed();
  });
  const auto once = [&](int i) {
    auto stream = Open();
    ASSERT_TRUE(stream);
    if (i % 3 == 0) {
      ASSERT_TRUE(stream->Next());
    } else if (i % 3 == 1) {
      stream->Cancel();
    }
  };
  once(0);
  EXPECT_TRUE(server_->AwaitClosed(1));
  const int files = CountFiles();
  const int threads = CountThreads();
  for (int i = 1; i <= 1000; ++i) once(i);
  EXPECT_TRUE(server_->AwaitClosed(1001));
  EXPECT_TRUE(Eventually([&] { return CountFiles() <= files; })) << CountFiles() << " instead of " << files;
  EXPECT_TRUE(Eventually([&] { return CountThreads() <= threads; })) << CountThreads() << " instead of " << threads;
}

TEST_P(Conformance, RequestsThatRunOutOfTimeLeaveNothingBehind) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.WaitUntilClosed();
  });
  EXPECT_EQ(KindOf(Get(kShort)), Kind::kTimeout);
  EXPECT_TRUE(server_->AwaitClosed(1));
  const int files = CountFiles();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 5; ++k) EXPECT_EQ(KindOf(Get(milliseconds(50))), Kind::kTimeout);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(Eventually([&] { return CountFiles() <= files; })) << CountFiles() << " instead of " << files;
}

TEST_P(Conformance, ManyThreadsAskAtOnce) {
  Serve([](Peer& peer) {
    while (auto asked = peer.Read()) peer.Write(Answer(200, asked->body));
  });
  transport();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 0; k < 25; ++k) {
        const std::string mine = std::to_string(i) + "/" + std::to_string(k);
        const auto answer = Post(mine);
        ASSERT_TRUE(answer) << Say(answer);
        EXPECT_EQ(answer->body, mine);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// Streams that end in every way while others begin; what must not happen is a crash, a hang or a race.
TEST_P(Conformance, CancelRacesWithEveryKindOfEnd) {
  ServePlain([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    switch (peer.number() % 4) {
      case 0:
        peer.Write(kLastChunk);
        return;
      case 1:
        peer.Reset();
        return;
      case 2:
        peer.Write("no chunk at all\r\n");
        return;
      default:
        peer.WaitUntilClosed();
    }
  });
  for (int i = 0; i < 200; ++i) {
    Request request;
    request.target = "/x";
    auto start = transport().Open(request, kLong);
    if (!start) continue;  // the reset was quicker than the head
    std::thread canceller([&] { start->stream->Cancel(); });
    for (auto line = start->stream->Next(); line && *line; line = start->stream->Next()) continue;
    canceller.join();
  }
}

}  // namespace
}  // namespace podmirror::kube::conformance
