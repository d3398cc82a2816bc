// Bodies line by line: a watch.
#include <gmock/gmock.h>

#include <vector>

#include "tests/kube/conformance/suite.h"

namespace podmirror::kube::conformance {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr std::string_view kLines = "{\"a\":\"\xc3\xa4\xe2\x82\xac\"}\n{\"b\":\"\xf0\x9f\x90\xb3\"}\n\n{\"c\":1}\n";
const auto kWhole = ElementsAre("{\"a\":\"\xc3\xa4\xe2\x82\xac\"}", "{\"b\":\"\xf0\x9f\x90\xb3\"}", "", "{\"c\":1}");

TEST_P(Conformance, StreamGivesLinesAndThenItsEnd) {
  Serve([](Peer& peer) {
    while (peer.Read()) peer.Write(ChunkedHead() + Chunk(kLines) + std::string(kLastChunk));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), kWhole);
  EXPECT_EQ(stream->Next().value(), std::nullopt) << "and it stays at its end";
}

TEST_P(Conformance, StreamOfKnownLengthEndsThere) {
  Serve([](Peer& peer) {
    while (peer.Read()) peer.Write(Answer(200, kLines));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), kWhole);
}

TEST_P(Conformance, LastLineNeedsNoNewline) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\ntwo") + std::string(kLastChunk));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), ElementsAre("one", "two"));
}

// Each byte of head, chunk sizes and lines, characters torn apart, as a segment of its own.
TEST_P(Conformance, StreamSplitAtEveryByteIsWhole) {
  Serve([](Peer& peer) {
    peer.Read();
    const std::string all =
        ChunkedHead() + Chunk(kLines.substr(0, 8)) + Chunk(kLines.substr(8)) + std::string(kLastChunk);
    for (const char& byte : all) peer.Write({&byte, 1});
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), kWhole);
}

TEST_P(Conformance, EveryByteMayBeAChunk) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    for (const char& byte : kLines) peer.Write(Chunk({&byte, 1}));
    peer.Write(kLastChunk);
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), kWhole);
}

// One cut at each place: what came until then is one segment, the rest another.
TEST_P(Conformance, StreamCutOnceAnywhereIsWhole) {
  const std::string all =
      ChunkedHead() + Chunk(kLines.substr(0, 8)) + Chunk(kLines.substr(8)) + std::string(kLastChunk);
  const Ending ending(*this);
  ServePlain([&](Peer& peer) {
    for (std::size_t cut = 1; peer.Read(); ++cut) {
      peer.Write(std::string_view(all).substr(0, cut % all.size()));
      peer.Write(std::string_view(all).substr(cut % all.size()));
    }
  });
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    const auto stream = Open();
    ASSERT_TRUE(stream);
    ASSERT_THAT(AllLines(*stream), kWhole) << cut;
  }
}

TEST_P(Conformance, LineArrivesWhenItIsSentAndNotLater) {
  std::atomic<bool> taken = false;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    taken.wait(false);  // the second is sent only when the first has arrived
    peer.Write(Chunk("two\n") + std::string(kLastChunk));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->Next().value(), "one");
  taken = true;
  taken.notify_all();
  EXPECT_THAT(AllLines(*stream), ElementsAre("two"));
}

TEST_P(Conformance, RefusalIsAnAnswerWithItsBodyAndNoStream) {
  for (const int status : {400, 401, 404, 410, 429, 500}) {
    const Ending ending(*this);
    Serve([&](Peer& peer) {
      while (peer.Read()) peer.Write(Answer(status, "{\"kind\":\"Status\"}", "Retry-After: 5\r\n"));
    });
    Reconnect(Config());
    Request request;
    request.target = "/api/v1/pods?watch=true";
    const auto start = transport().Open(request, kLong);
    ASSERT_TRUE(start) << Say(start);
    EXPECT_EQ(start->stream, nullptr);
    EXPECT_EQ(start->head.status, status);
    EXPECT_EQ(start->head.body, "{\"kind\":\"Status\"}");
    EXPECT_EQ(start->head.headers.at("retry-after"), "5");
    transport_.reset();
  }
}

TEST_P(Conformance, GoneInsideTheStreamIsALineLikeAnyOther) {
  const std::string gone = R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})";
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk(gone + "\n") + std::string(kLastChunk));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), ElementsAre(gone));
}

TEST_P(Conformance, ConnectionLostInALineIsNoEnd) {
  for (const bool reset : {false, true}) {
    std::atomic<bool> taken = false;
    const Ending ending(*this);
    Serve([&](Peer& peer) {
      peer.Read();
      peer.Write(ChunkedHead() + Chunk("one\n") + Chunk("{\"half\":"));
      taken.wait(false);
      if (reset) {
        peer.Reset();
      } else {
        peer.Close();
      }
    });
    Reconnect(Config());
    const auto stream = Open();
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->Next().value(), "one");
    taken = true;
    taken.notify_all();
    EXPECT_EQ(KindOf(stream->Next()), Kind::kUnreachable) << reset;
    EXPECT_EQ(KindOf(stream->Next()), Kind::kUnreachable) << "and it stays so";
    transport_.reset();
  }
}

TEST_P(Conformance, SilentServerIsGivenUpAfterTheIdleTime) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    peer.WaitUntilClosed();  // as a peer that has vanished without a FIN
  });
  const auto stream = Open(kShort);
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->Next().value(), "one");
  std::optional<Kind> kind;
  const auto took = Took([&] { kind = KindOf(stream->Next()); });
  EXPECT_EQ(kind, Kind::kTimeout);
  EXPECT_LT(took, kShort + kAtOnce);
  EXPECT_EQ(KindOf(stream->Next()), Kind::kTimeout);
}

TEST_P(Conformance, IdleTimeBeginsAnewWithEachPiece) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    for (int i = 0; i < 12; ++i) {  // longer than the idle time in sum, and not one newline
      std::this_thread::sleep_for(milliseconds(50));
      peer.Write(Chunk("x"));
    }
    peer.Write(Chunk("\n") + std::string(kLastChunk));
  });
  const auto stream = Open(milliseconds(400));
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), ElementsAre("xxxxxxxxxxxx"));
}

TEST_P(Conformance, NoHeadOfAStreamIsATimeout) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.WaitUntilClosed();
  });
  Request request;
  request.target = "/x";
  request.timeout = kShort;
  EXPECT_EQ(KindOf(transport().Open(request, kLong)), Kind::kTimeout);
}

TEST_P(Conformance, StreamMayLastLongerThanTheTimeoutOfItsHead) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    for (int i = 0; i < 10; ++i) {
      std::this_thread::sleep_for(milliseconds(200));
      peer.Write(Chunk("x\n"));
    }
    peer.Write(kLastChunk);
  });
  Request request;
  request.target = "/x";
  request.timeout = milliseconds(1500);
  const auto start = transport().Open(request, kLong);
  ASSERT_TRUE(start) << Say(start);
  EXPECT_EQ(AllLines(*start->stream).size(), 10);
}

// One line of that many bytes.
FaultServer::Script OneLine(std::size_t size) {
  return [size](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    const std::string piece(64 << 10, 'x');
    for (std::size_t sent = 0; sent < size; sent += piece.size()) {
      peer.Write(Chunk(std::string_view(piece).substr(0, size - sent)));
    }
    peer.Write(Chunk("\n") + std::string(kLastChunk));
    peer.WaitUntilClosed();
  };
}

TEST_P(Conformance, LongestLineIsTaken) {
  Serve(OneLine(kMaxLineBytes));
  const auto stream = Open();
  ASSERT_TRUE(stream);
  const auto line = stream->Next();
  ASSERT_TRUE(line) << Say(line);
  EXPECT_EQ((*line)->size(), kMaxLineBytes);
}

TEST_P(Conformance, LineBeyondTheLongestIsRefused) {
  Serve(OneLine(kMaxLineBytes + 1));
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_EQ(KindOf(stream->Next()), Kind::kTooLarge);
  EXPECT_EQ(KindOf(stream->Next()), Kind::kTooLarge) << "now and later";
}

TEST_P(Conformance, LineWithoutEndIsRefusedBeforeItFillsTheMemory) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    const std::string piece = Chunk(std::string(1 << 20, 'x'));
    for (int i = 0; i < 1000 && peer.Write(piece);) ++i;
  });
  const long before = ResidentKiB();
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_EQ(KindOf(stream->Next()), Kind::kTooLarge);
  EXPECT_LT(ResidentKiB() - before, 64 << 10);
}

TEST_P(Conformance, CancelFromAnotherThreadEndsTheWaitForALine) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    peer.WaitUntilClosed();
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->Next().value(), "one");
  std::thread canceller([&] { stream->Cancel(); });
  EXPECT_LT(Took([&] { EXPECT_EQ(KindOf(stream->Next()), Kind::kCancelled); }), kAtOnce);
  canceller.join();
  stream->Cancel();
  EXPECT_EQ(KindOf(stream->Next()), Kind::kCancelled) << "now and later";
  EXPECT_TRUE(server_->AwaitClosed(1));
}

TEST_P(Conformance, CancelledStreamGivesNoLineThatWaits) {
  Serve([](Peer& peer) {
    while (peer.Read()) peer.Write(ChunkedHead() + Chunk(kLines) + std::string(kLastChunk));
  });
  const auto stream = Open();
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->Next());
  stream->Cancel();
  EXPECT_EQ(KindOf(stream->Next()), Kind::kCancelled);
}

TEST_P(Conformance, StreamThatIsDroppedClosesItsConnection) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    peer.WaitUntilClosed();
  });
  EXPECT_LT(Took([&] { Open().reset(); }), kAtOnce);
  EXPECT_TRUE(server_->AwaitClosed(1));
}

TEST_P(Conformance, ShutdownEndsStreams) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("one\n"));
    peer.WaitUntilClosed();
  });
  const auto one = Open();
  const auto other = Open();
  ASSERT_TRUE(one && other);
  std::thread stopper([&] { transport().Shutdown(); });
  EXPECT_LT(Took([&] {
              while (one->Next()) continue;
              while (other->Next()) continue;
            }),
            kAtOnce);
  stopper.join();
  EXPECT_EQ(KindOf(one->Next()), Kind::kCancelled);
  Request request;
  request.target = "/x";
  EXPECT_EQ(KindOf(transport().Open(request, kLong)), Kind::kCancelled);
}

TEST_P(Conformance, ManyStreamsRunBesideEachOther) {
  constexpr int kStreams = 12;  // more than an implementation may have threads
  std::atomic<int> open = 0;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead() + Chunk("ready\n"));
    for (int now = ++open; now < kStreams; now = open) open.wait(now);
    open.notify_all();
    peer.Write(Chunk("done\n") + std::string(kLastChunk));
  });
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(Open());
    ASSERT_TRUE(streams.back());
    EXPECT_EQ(streams.back()->Next().value(), "ready");
  }
  for (const auto& stream : streams) EXPECT_THAT(AllLines(*stream), ElementsAre("done"));
}

}  // namespace
}  // namespace podmirror::kube::conformance
