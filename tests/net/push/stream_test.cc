// What an honest agent sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "contract/messages.h"
#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

using Stream = PushWorld;

std::string StateOf(const std::unique_ptr<Client>& client) {
  while (auto frame = client->ReadFrame()) {
    if (frame->opcode == kText) return frame->payload;
    if (frame->opcode == kClose) return "closed: " + frame->payload.substr(2);
  }
  return "nothing";
}

TEST_F(Stream, TheStateComesAtOnceAndAtEachChange) {
  Start();
  Publish("a", "a1");
  const auto agent = Open("a");
  EXPECT_EQ(StateOf(agent), "a1");
  Publish("a", "a2");
  EXPECT_EQ(StateOf(agent), "a2");
  // What is on the wire is counted a moment later.
  const auto start = std::chrono::steady_clock::now();
  while (server_->counts().states_sent < 2 && std::chrono::steady_clock::now() - start < kPatience) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server_->counts().states_sent, 2U);
  EXPECT_EQ(server_->counts().bytes_sent, 4U);
}

TEST_F(Stream, ANodeThatConnectsBeforeItHasAStateGetsItLater) {
  Start();
  const auto agent = Joined("a");
  Publish("a", "a1");
  EXPECT_EQ(StateOf(agent), "a1");
}

TEST_F(Stream, ANodeSeesItsOwnStateOnly) {
  Start();
  const auto a = Joined("a"), b = Joined("b");
  Publish("b", "b1");
  EXPECT_EQ(StateOf(b), "b1");
  Publish("c", "c1");
  EXPECT_TRUE(a->is_quiet(100));
  Publish("a", "a1");
  EXPECT_EQ(StateOf(a), "a1");
}

TEST_F(Stream, TheNodeIsTheTokensNotTheMessages) {
  Start();
  const auto agent = Joined("a");
  ASSERT_TRUE(agent->SendFrame(kText, Report("6.1")));
  EXPECT_TRUE(Await("a reports 6.1"));
  EXPECT_EQ(server_->counts().reports, 1U);
}

TEST_F(Stream, AReportInManyFragmentsIsOneReport) {
  Start();
  const auto agent = Joined("a");
  const std::string report = Report("6.1");
  for (std::size_t i = 0; i < report.size(); ++i) {
    ASSERT_TRUE(agent->SendFrame(i == 0 ? kText : 0, report.substr(i, 1), i + 1 == report.size()));
  }
  EXPECT_TRUE(Await("a reports 6.1"));
}

TEST_F(Stream, TheLargestStateArrivesWhole) {
  Start();
  const auto agent = Joined("a");
  std::string state(kMaxStateBytes, 'x');
  for (std::size_t i = 0; i < state.size(); i += 4096) state[i] = static_cast<char>('a' + i / 4096 % 26);
  Publish("a", state);
  EXPECT_TRUE(StateOf(agent) == state);
}

TEST_F(Stream, BothFamiliesAreServed) {
  Start();
  Client four(server_->port(), false);
  ASSERT_TRUE(four.Tls(certificates_.bundle));
  EXPECT_THAT(four.Ask("a"), HasSubstr("101 Switching Protocols"));
}

TEST_F(Stream, APingOfTheAgentIsAnswered) {
  Start();
  const auto agent = Joined("a");
  ASSERT_TRUE(agent->SendFrame(kPing, "hello"));
  const auto frame = agent->ReadFrame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->opcode, kPong);
  EXPECT_EQ(frame->payload, "hello");
}

TEST_F(Stream, WhoAnswersPingsStays) {
  Start({.ping = milliseconds(20), .unresponsive = milliseconds(300)});
  const auto agent = Joined("a");
  const auto end = std::chrono::steady_clock::now() + milliseconds(1'000);
  int pings = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto frame = agent->ReadFrame();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->opcode, kPing);
    ASSERT_TRUE(agent->SendFrame(kPong, frame->payload));
    ++pings;
  }
  EXPECT_GE(pings, 5);
  EXPECT_EQ(server_->counts().dropped, 0U);
}

TEST_F(Stream, ASecondStreamOfANodeReplacesTheFirst) {
  Start();
  Publish("a", "a1");
  const auto first = Joined("a");
  EXPECT_EQ(StateOf(first), "a1");
  const auto second = Joined("a");
  EXPECT_EQ(first->ReadClose(), "another stream of this node took over");
  EXPECT_TRUE(first->ReadEnd());
  EXPECT_EQ(StateOf(second), "a1");
  EXPECT_EQ(server_->counts().connected, 1U);
  EXPECT_THAT(Events(), ElementsAre("a on", "a on"));
}

TEST_F(Stream, AnAgentThatGoesIsReported) {
  Start();
  const auto a = Joined("a");
  auto b = Joined("b");
  ASSERT_TRUE(b->SendFrame(kClose, ""));
  EXPECT_TRUE(Await("b off"));
  auto c = Joined("c");
  c.reset();  // without a word
  EXPECT_TRUE(Await("c off"));
  EXPECT_EQ(Said("a off"), 0U);
  EXPECT_EQ(server_->counts().connected, 1U);
}

TEST_F(Stream, LosingTheLeadClosesEveryStreamAndForgetsTheStates) {
  Start();
  Publish("a", "of the old epoch");
  const auto a = Joined("a"), b = Joined("b");
  EXPECT_EQ(StateOf(a), "of the old epoch");
  server_->Lead(false);
  EXPECT_EQ(a->ReadClose(), "this replica does not lead any more");
  EXPECT_EQ(b->ReadClose(), "this replica does not lead any more");
  EXPECT_TRUE(Await("a off"));
  EXPECT_TRUE(Await("b off"));
  EXPECT_THAT(Dial()->Ask("a"), HasSubstr("503 Service Unavailable"));
  server_->Lead(true);
  const auto again = Joined("a");
  Publish("a", "of the new epoch");
  EXPECT_EQ(StateOf(again), "of the new epoch");
}

TEST_F(Stream, AnExpiredTokenClosesTheStream) {
  Start();
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  Know("short", {.node = "a", .pod_uid = "1", .expires = now + milliseconds(1'000)});
  const auto agent = Joined("b");
  const auto brief = Open("short");
  EXPECT_EQ(brief->ReadClose(), "the token has expired");
  EXPECT_GE(std::chrono::system_clock::now(), now + milliseconds(1'000));
  EXPECT_TRUE(Await("a off"));
  EXPECT_EQ(Said("b off"), 0U);
}

TEST_F(Stream, AnExpiryFarAwayIsNoOverflow) {
  Start();
  Know("long", {.node = "a", .pod_uid = "1", .expires = Instant::max()});
  const auto agent = Open("long");
  Publish("a", "a1");
  EXPECT_EQ(StateOf(agent), "a1");
}

TEST_F(Stream, ThePodThatIsGoneLosesItsStreamAndNobodyElse) {
  Start();
  const auto a = Joined("a"), b = Joined("b");
  server_->Disconnect("uid-of-nobody");
  server_->Disconnect("uid-a");
  EXPECT_EQ(a->ReadClose(), "the agent's pod is gone");
  EXPECT_TRUE(Await("a off"));
  Publish("b", "b1");
  EXPECT_EQ(StateOf(b), "b1");
}

TEST_F(Stream, APodThatGoesDuringItsHandshakeGetsNoStream) {
  Start();
  Publish("a", "a1");
  HoldTokens();
  const auto agent = Dial();
  ASSERT_TRUE(agent->Send(
      "GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer a\r\n\r\n"));
  AwaitTokens(1);
  server_->Disconnect("uid-a");
  Judge();
  EXPECT_THAT(agent->ReadResponse(), HasSubstr(" 101 "));
  EXPECT_EQ(agent->ReadClose(), "the agent's pod is gone");
  EXPECT_EQ(Said("a on"), 0U);
}

TEST_F(Stream, DestroyingTheServerClosesAllStreams) {
  Start();
  const auto a = Joined("a"), b = Joined("b");
  const auto start = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_TRUE(a->ReadEnd());
  EXPECT_TRUE(b->ReadEnd());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace podmirror::push
