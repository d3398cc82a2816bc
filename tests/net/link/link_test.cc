#include "node-agent/link/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "contract/codec.h"
#include "tests/net/link/agent_end.h"
#include "tests/net/link/operator.h"

namespace podmirror::link {
namespace {

using std::chrono::milliseconds;
using testing::AgentEnd;
using ::testing::HasSubstr;
using testing::kServerName;
using testing::Numbered;
using testing::Soon;
using testing::TestOperator;

TEST(Link, BringsStatesDownAndReportsUp) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  const auto seen = oper.upgrades.Receive(Soon());
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->target, "/v1/stream");
  EXPECT_EQ(seen->authorization, "Bearer token-one");
  ASSERT_TRUE(agent.Connected());
  oper.Send(Encode(Numbered(7)));
  oper.Send(Encode(Numbered(8)));
  EXPECT_EQ(agent.states.Receive(Soon()), Numbered(7));
  EXPECT_EQ(agent.states.Receive(Soon()), Numbered(8));
  ReportMessage report;
  report.kernel = "6.18";
  agent.link->Report(report);
  EXPECT_EQ(oper.messages.Receive(Soon()), Encode(report));
}

TEST(Link, SpeaksIpv6) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()}, "::1");
  agent.settings.address = "[::1]:" + std::to_string(oper.port());
  agent.Start();
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, ResolvesAName) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.settings.address = "localhost:" + std::to_string(oper.port());
  agent.Start();
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, TakesACertificateForAnAddressWhereThatIsTheName) {
  AgentEnd agent;
  TestOperator oper({agent.authority.Sign("IP:127.0.0.1")});
  agent.settings.server_name = "127.0.0.1";
  agent.Start(oper.port());
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, SendsTheNewestReportAgainAfterEachDial) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  ReportMessage report;
  report.kernel = "first";
  agent.Start(oper.port());
  agent.link->Report(report);
  EXPECT_EQ(oper.messages.Receive(Soon()), Encode(report));
  oper.Cut();
  EXPECT_EQ(oper.messages.Receive(Soon()), Encode(report));
  report.kernel = "second";
  agent.link->Report(report);
  EXPECT_EQ(oper.messages.Receive(Soon()), Encode(report));
}

TEST(Link, DialsAgainForEverWithItsTokenAndAuthorityReadAnew) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  ASSERT_TRUE(oper.upgrades.Receive(Soon()).has_value());

  // Another authority signs from now on, and the token has been renewed.
  const testing::TestAuthority next;
  oper.Use({next.Sign(kServerName)});
  agent.folder.Write("token", "token-two");
  oper.Close("we do not lead any more");
  EXPECT_EQ(agent.connections.Receive(Soon()), false);
  EXPECT_THAT(agent.Failure(), HasSubstr("closed the stream: we do not lead any more"));
  EXPECT_THAT(agent.Failure(), HasSubstr("not to be trusted"));
  agent.folder.Write("ca.crt", agent.authority.certificate() + next.certificate());
  ASSERT_TRUE(agent.Connected());
  EXPECT_EQ(oper.upgrades.Receive(Soon()).value().authorization, "Bearer token-two");
}

TEST(Link, WaitsForTheAuthorityAndTheToken) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  std::filesystem::remove(agent.settings.ca_file);
  std::filesystem::remove(agent.settings.token_file);
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr(agent.settings.token_file));
  agent.folder.Write("token", "token-one");
  EXPECT_THAT(agent.Failure(), HasSubstr("no certificate authority can be read"));
  agent.folder.Write("ca.crt", agent.authority.certificate());
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, DoesNotTrustAnotherAuthority) {
  AgentEnd agent;
  const testing::TestAuthority other;
  TestOperator oper({other.Sign(kServerName)});
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("a certificate that is not to be trusted"));
  EXPECT_EQ(oper.upgrades.Receive(std::chrono::steady_clock::now()), std::nullopt) << "the token was shown";
}

TEST(Link, DoesNotTrustAnotherName) {
  AgentEnd agent;
  TestOperator oper({agent.authority.Sign("other.podmirror.svc")});
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("not to be trusted: hostname mismatch"));
}

TEST(Link, DoesNotTrustAnExpiredCertificate) {
  AgentEnd agent;
  TestOperator oper({agent.authority.Sign(kServerName, -60)});
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("not to be trusted: certificate has expired"));
}

TEST(Link, SpeaksNoOldTls) {
  AgentEnd agent;
  testing::Manner manner{agent.Identity()};
  manner.old_tls = true;
  TestOperator oper(manner);
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("broke off while it opened"));
  EXPECT_EQ(oper.connections, 0);
}

TEST(Link, SaysWhyItIsRefusedAndSaysItOnce) {
  AgentEnd agent;
  testing::Manner manner{agent.Identity()};
  manner.status = 401;
  manner.body = "the token is for another audience\n";
  TestOperator oper(manner);
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("refuses our token: the token is for another audience; "));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(oper.upgrades.Receive(Soon()).has_value());
  manner.status = 503;
  manner.body = "";
  oper.Use(manner);
  EXPECT_THAT(agent.Failure(), HasSubstr("does not lead")) << "the refusal was said again";
  oper.Use({agent.Identity()});
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, AnswersPings) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  oper.Ping();
  oper.Send(Encode(Numbered(1)));
  ASSERT_TRUE(agent.states.Receive(Soon()).has_value());
  agent.link->Report({});
  ASSERT_TRUE(oper.messages.Receive(Soon()).has_value());  // behind the pong
  EXPECT_EQ(oper.pongs, 1);
}

TEST(Link, NoticesThatTheOperatorDoesNotAnswer) {
  AgentEnd agent;
  testing::Manner manner{agent.Identity()};
  manner.silent = true;
  TestOperator oper(manner);
  agent.settings.dial_timeout = milliseconds(100);
  agent.Start(oper.port());
  EXPECT_THAT(agent.Failure(), HasSubstr("did not answer in time"));
  oper.Use({agent.Identity()});
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, SaysThatNobodyListens) {
  AgentEnd agent;
  std::uint16_t port = 0;
  {
    const TestOperator gone({agent.Identity()});
    port = gone.port();
  }
  agent.Start(port);
  EXPECT_THAT(agent.Failure(), HasSubstr("cannot be reached: Connection refused"));
}

TEST(Link, OutlivesAStateThatCannotBeTaken) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  oper.Send("{\"version\": 2}");
  EXPECT_THAT(agent.Failure(), HasSubstr("sent a state that cannot be taken: version is 2"));
  oper.Send(Encode(Numbered(9)));
  EXPECT_EQ(agent.states.Receive(Soon()), Numbered(9));
  EXPECT_EQ(oper.connections, 1);
}

TEST(Link, DropsAnOperatorThatSendsBytesInsteadOfText) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  oper.Send(Encode(Numbered(1)), false);
  EXPECT_THAT(agent.Failure(), HasSubstr("no text"));
  EXPECT_EQ(agent.connections.Receive(Soon()), false);
  EXPECT_TRUE(agent.Connected());
}

TEST(Link, TakesTheLargestStateAndNoLargerOne) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  std::string largest = Encode(Numbered(3));
  largest.append(kMaxStateBytes - largest.size(), ' ');
  oper.Send(largest);
  EXPECT_EQ(agent.states.Receive(Soon()), Numbered(3));
  oper.Send(largest + " ");
  EXPECT_THAT(agent.Failure(), HasSubstr("too large"));
}

TEST(Link, EndsAtOnceWhateverItWaitsFor) {
  AgentEnd agent;
  TestOperator oper({agent.Identity()});
  testing::Manner silent{agent.Identity()};
  silent.silent = true;
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  auto begin = std::chrono::steady_clock::now();
  agent.link.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(500)) << "while connected";
  oper.Use(silent);
  agent.Start(oper.port());
  begin = std::chrono::steady_clock::now();
  agent.link.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(500)) << "while dialling";
}

TEST(Link, PausesAreRandomAndGrowUpToTheLongest) {
  AgentEnd agent;
  agent.settings.pause = milliseconds(1);
  agent.settings.longest_pause = milliseconds(64);
  testing::Manner manner{agent.Identity()};
  manner.status = 503;
  TestOperator oper(manner);
  agent.Start(oper.port());
  std::set<std::int64_t> pauses;
  ASSERT_TRUE(oper.upgrades.Receive(Soon()).has_value());
  const auto begin = std::chrono::steady_clock::now();
  auto before = begin;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(oper.upgrades.Receive(Soon()).has_value());
    const auto now = std::chrono::steady_clock::now();
    pauses.insert(std::chrono::duration_cast<milliseconds>(now - before).count() / 8);
    before = now;
  }
  EXPECT_GT(pauses.size(), 3U) << "agents would dial in step";
  EXPECT_GT(before - begin, milliseconds(300));  // 30 of 32 ms each, on average
}

}  // namespace
}  // namespace podmirror::link
