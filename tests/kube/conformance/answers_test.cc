// Whole answers, well and not.
#include <gmock/gmock.h>

#include "tests/kube/conformance/suite.h"

namespace podmirror::kube::conformance {
namespace {

using testing::HasSubstr;

constexpr std::string_view kBody = "{\"kind\":\"PodList\",\"items\":[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3\"]}";

// The same answer to each request, in one piece.
FaultServer::Script Always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (peer.Read()) peer.Write(answer);
  };
}

TEST_P(Conformance, AnswerComesBackWithStatusHeadersAndBody) {
  Serve(Always(Answer(200, kBody, "X-Thing: Some Value\r\n")));
  const auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, kBody);
  EXPECT_EQ(answer->headers.at("x-thing"), "Some Value");
}

// What the server heard, once the server is gone.
class Ear {
 public:
  FaultServer::Script Script() {
    return [this](Peer& peer) {
      while (auto one = peer.Read()) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(std::move(*one));
        peer.Write(Answer(201, "{}"));
      }
    };
  }
  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::vector<Asked> asked_;
};

TEST_P(Conformance, GetArrivesAsItWasGiven) {
  Ear ear;
  const Ending ending(*this);
  Serve(ear.Script());
  ASSERT_TRUE(Get());
  ASSERT_EQ(ear.asked().size(), 1);
  Asked asked = ear.asked()[0];
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.target, "/api/v1/pods?limit=500&labelSelector=a%3Db");
  EXPECT_EQ(asked.headers["authorization"], "Bearer secret");
  EXPECT_EQ(asked.headers["accept"], "application/json");
  EXPECT_EQ(asked.headers["host"], server_->url().substr(8));
  EXPECT_TRUE(asked.headers["user-agent"].starts_with("podmirror-operator/")) << asked.headers["user-agent"];
}

TEST_P(Conformance, BodyArrivesAsItWasGiven) {
  Ear ear;
  const Ending ending(*this);
  Serve(ear.Script());
  Request patch;
  patch.method = "PATCH";
  patch.target = "/apis/podmirror.io/v1alpha1/namespaces/a/tms/b/status?fieldManager=x&force=true";
  patch.content_type = "application/apply-patch+yaml";
  patch.body = std::string(300'000, 'x') + "\r\n\xc3\xa4";
  ASSERT_TRUE(transport().Roundtrip(patch));
  ASSERT_EQ(ear.asked().size(), 1);
  Asked asked = ear.asked()[0];
  EXPECT_EQ(asked.method, "PATCH");
  EXPECT_EQ(asked.target, patch.target);
  EXPECT_EQ(asked.headers["content-type"], patch.content_type);
  EXPECT_EQ(asked.body, patch.body);
}

TEST_P(Conformance, PathOfAServerBehindAProxyIsPutInFront) {
  std::string target;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    while (auto one = peer.Read()) {
      target = one->target;
      peer.Write(Answer(200, "{}"));
    }
  });
  auto config = Config();
  config.server += "/k8s/clusters/c-1/";
  Reconnect(config);
  ASSERT_TRUE(Get());
  transport_.reset();
  server_.reset();  // joins: the script's writing is seen
  EXPECT_EQ(target, "/k8s/clusters/c-1/api/v1/pods?limit=500&labelSelector=a%3Db");
}

TEST_P(Conformance, ConnectionsAreUsedAgain) {
  Serve(Always(Answer(200, kBody)));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Get());
  EXPECT_LT(server_->connections(), 10);
}

TEST_P(Conformance, AnswerSplitAtEveryByteIsWhole) {
  const std::string chunked =
      ChunkedHead() + Chunk(kBody.substr(0, 31)) + Chunk(kBody.substr(31)) + std::string(kLastChunk);
  for (const auto& answer : {Answer(200, kBody), chunked}) {
    const Ending ending(*this);
    ServePlain([&](Peer& peer) {
      while (peer.Read()) {
        for (const char& byte : answer) peer.Write({&byte, 1});
      }
    });
    Reconnect(Config());
    const auto got = Get();
    ASSERT_TRUE(got) << Say(got);
    EXPECT_EQ(got->body, kBody);
    transport_.reset();
  }
}

TEST_P(Conformance, ErrorsOfTheServerAreAnswers) {
  for (const int status : {400, 403, 404, 409, 410, 422, 429, 500, 503}) {
    const std::string body = "{\"kind\":\"Status\",\"code\":" + std::to_string(status) + "}";
    Serve(Always(Answer(status, body, "Retry-After: 7\r\n")));
    Reconnect(Config());
    const auto answer = Get();
    ASSERT_TRUE(answer) << Say(answer);
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->body, body);
    EXPECT_EQ(answer->headers.at("retry-after"), "7");
    transport_.reset();
  }
}

TEST_P(Conformance, SlowAnswerIsWaitedFor) {
  Serve([](Peer& peer) {
    while (peer.Read()) {
      const std::string answer = Answer(200, kBody);
      for (std::size_t i = 0; i < answer.size(); i += 40) {
        std::this_thread::sleep_for(std::chrono::milliseconds(40));  // the delay that is tried
        peer.Write(std::string_view(answer).substr(i, 40));
      }
    }
  });
  const auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->body, kBody);
}

TEST_P(Conformance, NoAnswerEndsAfterTheTimeout) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.WaitUntilClosed();
  });
  std::optional<Kind> kind;
  const auto took = Took([&] { kind = KindOf(Get(kShort)); });
  EXPECT_EQ(kind, Kind::kTimeout);
  EXPECT_GE(took, kShort);
  EXPECT_LT(took, kShort + kAtOnce);
  EXPECT_TRUE(server_->AwaitClosed(1));
}

TEST_P(Conformance, TimeoutIsOfTheWholeExchange) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write(ChunkedHead());
    while (peer.Write(Chunk("x"))) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_EQ(KindOf(Get(kShort)), Kind::kTimeout);
}

TEST_P(Conformance, ServerThatDoesNotEvenShakeHandsEndsAfterTheTimeout) {
  ServePlain([](Peer& peer) { peer.WaitUntilClosed(); });
  auto config = Config();
  config.server = "https://" + config.server.substr(7);
  Reconnect(config);
  EXPECT_EQ(KindOf(Get(kShort)), Kind::kTimeout);
}

TEST_P(Conformance, NobodyThereIsUnreachable) {
  Serve(Always(""));
  const auto config = Config();
  server_.reset();
  Reconnect(config);
  const auto answer = Get();
  EXPECT_EQ(KindOf(answer), Kind::kUnreachable);
  EXPECT_THAT(answer.error().what, HasSubstr(config.server));
}

TEST_P(Conformance, NameThatDoesNotExistIsUnreachable) {
  Serve(Always(""));
  auto config = Config();
  config.server = "https://no-such-host.invalid:6443";
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kUnreachable);
}

TEST_P(Conformance, ResetInTheAnswerIsUnreachable) {
  Serve([](Peer& peer) {
    peer.Read();
    const std::string answer = Answer(200, kBody);
    peer.Write(std::string_view(answer).substr(0, answer.size() - 10));
    peer.Reset();
  });
  EXPECT_EQ(KindOf(Get()), Kind::kUnreachable);
}

TEST_P(Conformance, AnswerCutShortIsNotAnAnswer) {
  for (const bool chunked : {false, true}) {
    std::string cut = Answer(200, kBody);
    cut.pop_back();
    const Ending ending(*this);
    Serve([&](Peer& peer) {
      peer.Read();
      peer.Write(chunked ? ChunkedHead() + Chunk(kBody) : cut);
      peer.Close();
    });
    Reconnect(Config());
    EXPECT_EQ(KindOf(Get()), Kind::kUnreachable) << chunked;
    transport_.reset();
  }
}

TEST_P(Conformance, WhatIsNotHttpIsMalformed) {
  Serve([](Peer& peer) {
    peer.Read();
    peer.Write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    peer.WaitUntilClosed();
  });
  EXPECT_EQ(KindOf(Get()), Kind::kMalformed);
}

TEST_P(Conformance, ChunkSizesThatCannotBeAreMalformed) {
  for (const char* size : {"zz\r\n", "-2\r\nab\r\n", "ffffffffffffffff\r\nab\r\n"}) {
    const Ending ending(*this);
    Serve([&](Peer& peer) {
      peer.Read();
      peer.Write(ChunkedHead() + Chunk("x") + size);
      peer.WaitUntilClosed();
    });
    Reconnect(Config());
    EXPECT_EQ(KindOf(Get()), Kind::kMalformed) << size;
    transport_.reset();
  }
}

TEST_P(Conformance, OversizedAnswerIsRefused) {
  const std::string piece(1 << 20, 'x');
  for (const bool chunked : {false, true}) {
    const Ending ending(*this);
    Serve([&](Peer& peer) {
      peer.Read();
      peer.Write(chunked ? ChunkedHead() : "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
      for (int i = 0; i < 100 && peer.Write(chunked ? Chunk(piece) : piece); ++i) continue;
      peer.WaitUntilClosed();
    });
    Reconnect(Config());
    EXPECT_EQ(KindOf(Get()), Kind::kTooLarge) << chunked;
    transport_.reset();
  }
}

TEST_P(Conformance, TargetsThatAreNoPathsAreNotSent) {
  Serve(Always(Answer(200, "{}")));
  for (const char* target : {"", "api", "//elsewhere/api", "/a b", "/a\r\nX-Evil: 1", "https://elsewhere/"}) {
    Request request;
    request.target = target;
    EXPECT_EQ(KindOf(transport().Roundtrip(request)), Kind::kMalformed) << target;
  }
  EXPECT_EQ(server_->connections(), 0);
}

TEST_P(Conformance, RedirectIsAnAnswerAndIsNotFollowed) {
  Serve(Always(Answer(302, "", "Location: /elsewhere\r\n")));
  const auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_P(Conformance, ShutdownEndsWhatWaitsAndWhatComesLater) {
  std::atomic<int> asked = 0;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    peer.Read();
    ++asked;
    asked.notify_all();
    peer.WaitUntilClosed();
  });
  transport();  // made here, before others ask for it
  std::optional<Kind> kind;
  std::thread waiting([&] { kind = KindOf(Get()); });
  std::thread pausing([&] { EXPECT_FALSE(transport().Pause(kLong)); });
  asked.wait(0);
  EXPECT_LT(Took([&] {
              transport().Shutdown();
              waiting.join();
              pausing.join();
            }),
            kAtOnce);
  EXPECT_EQ(kind, Kind::kCancelled);
  EXPECT_EQ(KindOf(Get()), Kind::kCancelled);
  EXPECT_FALSE(transport().Pause(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace podmirror::kube::conformance
