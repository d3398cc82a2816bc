#include "process/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "tests/support/loopback.h"

namespace podmirror::process {
namespace {

using std::chrono::steady_clock;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A peer that says exactly what it is told to.
class Peer {
 public:
  explicit Peer(std::uint16_t port, bool v6 = false) : fd_(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    timeval limit{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    connected_ = podmirror::testing::ConnectToLoopback(fd_, port, v6);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(fd_); }

  bool connected() const { return connected_; }
  bool Send(std::string_view text) const {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // All that comes until the other side closes.
  std::string ReadAll() const {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = recv(fd_, buffer, sizeof(buffer), 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
  std::string Ask(std::string_view text) const { return Send(text) ? ReadAll() : "not sent"; }

 private:
  int fd_;
  bool connected_ = false;
};

class EndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = Endpoint::Listen(":0", {.metrics = [this] { return metrics_; },
                                        .healthy = [] { return Result<void>(); },
                                        .ready = [this]() -> Result<void> {
                                          if (throws_) throw std::runtime_error("no idea");
                                          if (!ready_) return Fail("not in sync", "pods", "wait");
                                          return {};
                                        }});
    ASSERT_TRUE(made) << Describe(made.error());
    endpoint_ = std::move(*made);
  }
  std::string Ask(std::string_view text) const { return Peer(endpoint_->port()).Ask(text); }
  static std::string Body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  std::string metrics_ = "podmirror_up 1\n";
  std::atomic<bool> ready_ = true;
  std::atomic<bool> throws_ = false;
  std::unique_ptr<Endpoint> endpoint_;
};

TEST_F(EndpointTest, MetricsAreServedInTheTextFormat) {
  const std::string answer = Ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_EQ(Body(answer), "podmirror_up 1\n");
}

TEST_F(EndpointTest, MegabytesOfMetricsArriveWhole) {
  metrics_.assign(5 << 20, 'x');
  EXPECT_EQ(Body(Ask("GET /metrics HTTP/1.0\r\n\r\n")).size(), metrics_.size());
}

TEST_F(EndpointTest, AQueryIsIgnored) {
  EXPECT_THAT(Ask("GET /healthz?verbose HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(EndpointTest, NotReadyIs503WithTheReason) {
  EXPECT_THAT(Ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("\r\n\r\nok\n"));
  ready_ = false;
  const std::string answer = Ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(Body(answer), "pods: not in sync; wait\n");
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointTest, HeadTellsTheLengthAndSendsNoBody) {
  const std::string answer = Ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_EQ(Body(answer), "");
}

TEST_F(EndpointTest, AnotherPathIs404AndNamesThePathsThereAre) {
  const std::string answer = Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Body(answer), HasSubstr("/metrics, /healthz and /readyz"));
}

TEST_F(EndpointTest, AnotherMethodIs405AndABodyIsNotWaitedFor) {
  const std::string answer = Ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(EndpointTest, AnExceptionIs500AndTheNextRequestIsServed) {
  throws_ = true;
  EXPECT_THAT(Ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  throws_ = false;
  EXPECT_THAT(Ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointTest, BothFamiliesAreServed) {
  const Peer six(endpoint_->port(), true);
  ASSERT_TRUE(six.connected());
  EXPECT_THAT(six.Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointTest, HeadersBeyond8KiBAreRefused) {
  const auto with = [](std::size_t bytes) {
    return "GET /healthz HTTP/1.1\r\nX: " + std::string(bytes, 'x') + "\r\n\r\n";
  };
  EXPECT_THAT(Ask(with(8000)), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(with(8200)), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask(with(60'000)), StartsWith("HTTP/1.1 431 "));
}

TEST_F(EndpointTest, ARequestThatDoesNotEndIsClosedAfterFiveSeconds) {
  const auto start = steady_clock::now();
  const Peer silent(endpoint_->port()), slow(endpoint_->port());
  ASSERT_TRUE(slow.Send("GET /healthz HTT"));
  EXPECT_EQ(slow.ReadAll(), "");
  EXPECT_EQ(silent.ReadAll(), "");
  const auto lasted = steady_clock::now() - start;
  EXPECT_GE(lasted, std::chrono::seconds(4));
  EXPECT_LT(lasted, std::chrono::seconds(15));
}

TEST_F(EndpointTest, HundredsOfSilentPeersDoNotKeepAProbeOut) {
  std::vector<std::unique_ptr<Peer>> silent;
  for (int i = 0; i < 300; ++i) silent.push_back(std::make_unique<Peer>(endpoint_->port()));
  const auto start = steady_clock::now();
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_EQ(silent.front()->ReadAll(), "");  // it gave its place away
}

TEST_F(EndpointTest, GarbageIsAnsweredWith400OrClosed) {
  EXPECT_THAT(Ask("\x16\x03\x01\x02\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("GET /healthz HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n"), StartsWith("HTTP/1.1 405 "));
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random() % 3000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (i % 2 == 0) bytes.insert(0, "GET /healthz HTTP/1.1\r\n");
    const Peer peer(endpoint_->port());
    peer.Send(bytes + "\r\n\r\n");
  }
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointTest, DestroyingItClosesWhatIsOpen) {
  const Peer open(endpoint_->port());
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));  // so `open` was accepted
  const auto start = steady_clock::now();
  endpoint_.reset();
  EXPECT_EQ(open.ReadAll(), "");
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(EndpointListen, OneAddressIsNotEveryAddress) {
  const auto endpoint = Endpoint::Listen("127.0.0.1:0", {});
  ASSERT_TRUE(endpoint) << Describe(endpoint.error());
  EXPECT_TRUE(Peer((*endpoint)->port()).connected());
  EXPECT_FALSE(Peer((*endpoint)->port(), true).connected());
}

TEST(EndpointListen, APortInUseIsAnErrorThatNamesIt) {
  const auto first = Endpoint::Listen("[::1]:0", {});
  ASSERT_TRUE(first) << Describe(first.error());
  const std::string address = "[::1]:" + std::to_string((*first)->port());
  const auto second = Endpoint::Listen(address, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().where, address);
  EXPECT_EQ(second.error().what, "cannot listen: Address already in use");
}

TEST(EndpointListen, WhatIsNoAddressIsAnErrorThatSaysWhatToWrite) {
  for (const char* listen : {"", "9090", "localhost:9090", "::1:9090", "[::1]", "127.0.0.1:", "127.0.0.1:99999",
                             "127.0.0.1:-1", "127.0.0.1:9x", "[::1:9090"}) {
    const auto endpoint = Endpoint::Listen(listen, {});
    ASSERT_FALSE(endpoint) << listen;
    EXPECT_EQ(endpoint.error().where, listen);
    EXPECT_THAT(endpoint.error().fix, HasSubstr("\":9090\"")) << listen;
  }
}

}  // namespace
}  // namespace podmirror::process
