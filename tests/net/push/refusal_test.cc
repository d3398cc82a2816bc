// Who gets no stream, and what he is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using Refusal = PushWorld;

const char kAsk[] =
    "GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer a\r\n";

TEST_F(Refusal, ARefusedTokenIs401WithTheReason) {
  Start();
  const std::string response = Dial()->Ask("refused");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\ntoken: the token is not for podmirror-operator; mount the projected one\n"));
  EXPECT_EQ(server_->counts().refused, 1U);
}

TEST_F(Refusal, NoTokenIs401AndAsksNobody) {
  Start();
  HoldTokens();
  EXPECT_THAT(Dial()->Ask(""), StartsWith("HTTP/1.1 401 "));
}

TEST_F(Refusal, AnExpiredTokenIs401) {
  Start();
  Know("old", {.node = "a", .pod_uid = "1", .expires = Instant(milliseconds(1))});
  EXPECT_THAT(Dial()->Ask("old"), EndsWith("\r\n\r\nthe token has expired\n"));
}

TEST_F(Refusal, WhoDoesNotLeadAnswers503AndAsksNobody) {
  Start();
  server_->Lead(false);
  HoldTokens();
  const std::string response = Dial()->Ask("a");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nRetry-After: 1\r\n"));
}

TEST_F(Refusal, ALeadLostDuringTheHandshakeGivesNoStream) {
  Start();
  HoldTokens();
  const auto agent = Dial();
  ASSERT_TRUE(agent->Send(std::string(kAsk) + "\r\n"));
  AwaitTokens(1);
  server_->Lead(false);
  Judge();
  EXPECT_THAT(agent->ReadResponse(), HasSubstr(" 101 "));
  EXPECT_EQ(agent->ReadClose(), "another replica leads");
  EXPECT_EQ(Said("a on"), 0U);
}

TEST_F(Refusal, AnotherPathIs404) {
  Start();
  EXPECT_THAT(Dial()->Ask("a", "/metrics"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(Refusal, OldTlsIsRefused) {
  Start();
  Client client(server_->port());
  EXPECT_FALSE(client.Tls(certificates_.bundle, "operator.test", TLS1_1_VERSION));
  Client newer(server_->port());
  ASSERT_TRUE(newer.Tls(certificates_.bundle, "operator.test", TLS1_2_VERSION));
  EXPECT_THAT(newer.Ask("a"), HasSubstr(" 101 "));
  EXPECT_EQ(newer.tls_version(), TLS1_2_VERSION);
}

TEST_F(Refusal, ATlsHandshakeThatDoesNotEndIsClosed) {
  Start({.handshake = milliseconds(300)});
  Client silent(server_->port()), slow(server_->port());
  ASSERT_TRUE(slow.SendPlain({"\x16\x03\x01\x02\x00\x01", 6}));
  EXPECT_TRUE(silent.ReadEnd());
  EXPECT_TRUE(slow.ReadEnd());
  EXPECT_EQ(server_->counts().refused, 2U);
}

// A byte now and then does not help: the time is for all of it.
TEST_F(Refusal, AHeaderThatDoesNotEndIsClosed) {
  Start({.handshake = milliseconds(500)});
  const auto agent = Dial();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(agent->Send(kAsk));
  while (agent->is_quiet(50) && std::chrono::steady_clock::now() - start < kPatience) agent->Send("X: y\r\n");
  EXPECT_TRUE(agent->ReadEnd());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(Refusal, ATokenThatIsNeverJudgedIsClosed) {
  Start({.handshake = milliseconds(300)});
  HoldTokens();
  const auto agent = Dial();
  ASSERT_TRUE(agent->Send(std::string(kAsk) + "\r\n"));
  AwaitTokens(1);
  EXPECT_TRUE(agent->ReadEnd());
  Judge();  // too late, and nothing happens
  EXPECT_EQ(Said("a on"), 0U);
}

TEST_F(Refusal, AJudgementAfterTheServerIsGoneIsNothing) {
  Start();
  HoldTokens();
  const auto agent = Dial();
  ASSERT_TRUE(agent->Send(std::string(kAsk) + "\r\n"));
  AwaitTokens(1);
  server_.reset();
  Judge();
  EXPECT_TRUE(agent->ReadEnd());
}

TEST_F(Refusal, AHeaderThatIsTooLongIs431) {
  Start({.header_bytes = 2048});
  const std::string fits(1'500, 'x'), too_long(3'000, 'x');
  auto agent = Dial();
  ASSERT_TRUE(agent->Send(kAsk + ("X: " + fits) + "\r\n\r\n"));
  EXPECT_THAT(agent->ReadResponse(), StartsWith("HTTP/1.1 101 "));
  agent = Dial();
  ASSERT_TRUE(agent->Send(kAsk + ("X: " + too_long) + "\r\n\r\n"));
  EXPECT_THAT(agent->ReadResponse(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(Refusal, MoreThanOneConnectionTooManyIsClosedAtOnce) {
  Start({.connections = 3});
  const auto a = Joined("a"), b = Joined("b");
  Client third(server_->port());
  ASSERT_TRUE(third.connected());
  Client fourth(server_->port());
  EXPECT_TRUE(fourth.ReadEnd());
  EXPECT_TRUE(Await("misbehaved : :0: 3 connections are open; another one was closed"));
  ASSERT_TRUE(third.Tls(certificates_.bundle)) << "who was there is served";
  EXPECT_THAT(third.Ask("c"), HasSubstr(" 101 "));
}

TEST_F(Refusal, AClosedConnectionMakesRoom) {
  Start({.connections = 1});
  for (int i = 0; i < 20; ++i) {
    auto agent = Joined("a");
    ASSERT_TRUE(agent->SendFrame(kClose, ""));
    EXPECT_TRUE(agent->ReadEnd());
    ASSERT_TRUE(Await("a off", static_cast<std::size_t>(i) + 1));
  }
}

TEST_F(Refusal, HandshakesAreSpreadOverTime) {
  Start({.handshakes_per_second = 10});
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Client>> agents;
  agents.reserve(20);
  for (int i = 0; i < 20; ++i) agents.push_back(Open("node-" + std::to_string(i)));
  const auto lasted = std::chrono::steady_clock::now() - start;
  EXPECT_GE(lasted, milliseconds(900));  // ten at once, then ten within a second
  EXPECT_LT(lasted, std::chrono::seconds(10));
}

TEST_F(Refusal, GarbageHarmsNobody) {
  Start();
  const auto agent = Joined("a");
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5'000, '\xff'), std::string("\0", 1)}) {
    Client plain(server_->port());
    plain.SendPlain(garbage);
    shutdown(plain.fd(), SHUT_WR);
    EXPECT_TRUE(plain.ReadEnd());
    const auto inside = Dial();
    inside->Send(garbage + "\r\n\r\n");
    EXPECT_THAT(inside->ReadResponse(), StartsWith("HTTP/1.1 4"));
  }
  Publish("a", "a1");
  EXPECT_EQ(agent->ReadFrame()->payload, "a1");
}

TEST(PushListen, WhatCannotBeUsedIsAnErrorThatSaysWhatToWrite) {
  const Identity identity = IdentityOf(NewCertificates());
  const auto listen = [&](const std::string& address, const Identity& shown) {
    const auto server = Server::Listen({.listen = address}, shown, {}, {});
    return server ? "" : Describe(server.error());
  };
  EXPECT_EQ(listen("127.0.0.1:0", identity), "");
  for (const char* wrong : {"9443", "localhost:9443", "::1:9443", "[::1]", ":", ":99999", ":-1", ":1x"}) {
    EXPECT_THAT(listen(wrong, identity), HasSubstr("write \":9443\"")) << wrong;
  }
  EXPECT_THAT(listen(":0", {"no PEM", identity.key}), HasSubstr("cannot read the certificates"));
  EXPECT_THAT(listen(":0", {identity.certificates, IdentityOf(NewCertificates()).key}),
              HasSubstr("cannot use the key"));
  EXPECT_THAT(listen("192.0.2.1:9443", identity), HasSubstr("cannot listen"));
}

}  // namespace
}  // namespace podmirror::push
