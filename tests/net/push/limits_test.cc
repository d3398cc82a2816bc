// Agents that have a stream and abuse it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "contract/messages.h"
#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

using Limits = PushWorld;

TEST_F(Limits, AReportOfAMegabyteIsReadAndALongerOneDropsThePeer) {
  Start();
  const auto agent = Joined("a");
  std::string report = Report("6.1");
  report.insert(report.rfind('}'), std::string(kMaxReportBytes - report.size(), ' '));
  ASSERT_EQ(report.size(), kMaxReportBytes);
  ASSERT_TRUE(agent->SendFrame(kText, report));
  EXPECT_TRUE(Await("a reports 6.1"));
  agent->SendFrame(kText, report + " ");
  EXPECT_TRUE(Await("misbehaved a: a: a report is longer than 1048576 bytes"));
  EXPECT_TRUE(Await("a off"));
  EXPECT_TRUE(agent->ReadEnd());
  EXPECT_EQ(server_->counts().dropped, 1U);
}

TEST_F(Limits, AMegabyteInFragmentsIsNoLongerThanInOne) {
  Start();
  const auto agent = Joined("a");
  const std::string part(256 << 10, ' ');
  for (int i = 0; i < 5; ++i) agent->SendFrame(i == 0 ? kText : 0, part, false);
  EXPECT_TRUE(Await("misbehaved a: a: a report is longer than 1048576 bytes"));
}

TEST_F(Limits, ABinaryMessageDropsThePeer) {
  Start();
  const auto agent = Joined("a");
  ASSERT_TRUE(agent->SendFrame(kBinary, Report("6.1")));
  EXPECT_EQ(agent->ReadClose(), "a: a message is binary; send reports as text");
  EXPECT_TRUE(Await("misbehaved a: a: a message is binary; send reports as text"));
  EXPECT_EQ(Said("a reports 6.1"), 0U);
}

TEST_F(Limits, AReportThatCannotBeReadDropsThePeerWhichLearnsWhy) {
  Start();
  for (const std::string& report :
       {std::string("{}"), std::string("no JSON"), std::string(""), Report("6.1").insert(1, "\"extra\":1,")}) {
    const auto agent = Joined("a");
    ASSERT_TRUE(agent->SendFrame(kText, report));
    EXPECT_NE(agent->ReadClose(), "") << report;
    EXPECT_TRUE(agent->ReadEnd());
  }
  EXPECT_TRUE(Await("a off", 4));
  EXPECT_EQ(server_->counts().dropped, 4U);
  EXPECT_EQ(server_->counts().reports, 0U);
}

TEST_F(Limits, FramesThatBreakTheProtocolEndTheStream) {
  Start();
  for (const std::string& bytes : {std::string("\x81\x05hello"),                             // not masked
                                   std::string("\xf1\x80\0\0\0\0", 6),                       // reserved bits
                                   std::string("\x89\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14),  // a ping of 64 KiB
                                   std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)}) {
    const auto agent = Joined("a");
    ASSERT_TRUE(agent->Send(bytes));
    EXPECT_TRUE(agent->ReadEnd());
  }
  EXPECT_TRUE(Await("a off", 4));
}

TEST_F(Limits, WhoDoesNotAnswerIsDropped) {
  Start({.ping = milliseconds(50), .unresponsive = milliseconds(300)});
  const auto agent = Joined("a");
  EXPECT_TRUE(Await("misbehaved a: a: does not answer"));
  EXPECT_TRUE(Await("a off"));
  EXPECT_TRUE(agent->ReadEnd());
}

// It answers no ping as it does not read, but it sends: that alone keeps nobody.
TEST_F(Limits, WhoDoesNotTakeItsStateIsDropped) {
  Start({.ping = milliseconds(50), .unresponsive = milliseconds(500)});
  auto agent = Dial(4096);
  ASSERT_THAT(agent->Ask("a"), HasSubstr(" 101 "));
  Publish("a", std::string(8 << 20, 'x'));
  const auto start = steady_clock::now();
  while (Said("a off") == 0 && steady_clock::now() - start < kPatience) {
    agent->SendFrame(kPong, "");
    pollfd nothing{-1, 0, 0};
    poll(&nothing, 1, 20);
  }
  EXPECT_TRUE(Await("misbehaved a: a: does not take its state"));
  EXPECT_EQ(server_->counts().connected, 0U);
}

// Of a thousand states that a slow agent did not take, the one under way and the newest are kept.
TEST_F(Limits, TheNewestStateWinsAndNoOtherIsKept) {
  Start();
  auto agent = Dial(4096);
  ASSERT_THAT(agent->Ask("a"), HasSubstr(" 101 "));
  ASSERT_TRUE(Await("a on"));
  constexpr int kStates = 1'000;
  std::vector<std::weak_ptr<const std::string>> states;
  for (int i = 1; i <= kStates; ++i) {
    auto state = std::make_shared<const std::string>(std::to_string(i) + std::string(1 << 20, 'x'));
    states.push_back(state);
    server_->Publish("a", std::move(state));
  }
  EXPECT_LE(std::ranges::count_if(states, [](const auto& state) { return !state.expired(); }), 2);
  std::string last;
  int received = 0;
  while (last != std::to_string(kStates)) {
    const auto frame = agent->ReadFrame();
    ASSERT_TRUE(frame);
    if (frame->opcode != kText) continue;
    last = frame->payload.substr(0, frame->payload.find('x'));
    ++received;
  }
  EXPECT_LE(received, 10);
}

TEST_F(Limits, AFloodOfReportsWaitsInThePeersOwnSocket) {
  Start({.report_interval = milliseconds(100)});
  const auto noisy = Joined("a"), other = Joined("b");
  const auto start = steady_clock::now();
  for (int i = 1; i <= 12; ++i) ASSERT_TRUE(noisy->SendFrame(kText, Report(std::to_string(i))));
  ASSERT_TRUE(other->SendFrame(kText, Report("6.1")));
  EXPECT_TRUE(Await("b reports 6.1"));
  EXPECT_EQ(Said("a reports 12"), 0U);
  EXPECT_TRUE(Await("a reports 12"));
  EXPECT_GE(steady_clock::now() - start, milliseconds(1'000));
  EXPECT_EQ(server_->counts().reports, 13U);
}

TEST_F(Limits, APingNowAndThenIsFineAndAFloodIsNot) {
  Start({.ping = std::chrono::seconds(60)});
  const auto agent = Joined("a");
  for (int i = 0; i < 99; ++i) ASSERT_TRUE(agent->SendFrame(kPing, ""));
  for (int i = 0; i < 99; ++i) ASSERT_EQ(agent->ReadFrame()->opcode, kPong);
  EXPECT_EQ(server_->counts().dropped, 0U);
  agent->SendFrame(kPing, "");
  EXPECT_TRUE(Await("misbehaved a: a: more than 100 pings in one interval"));
}

}  // namespace
}  // namespace podmirror::push
