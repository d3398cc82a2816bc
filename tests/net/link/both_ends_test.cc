// The agent's end of the stream against the operator's.
#include <gmock/gmock.h>

#include "contract/codec.h"
#include "tests/net/link/agent_end.h"
#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

using podmirror::testing::AgentEnd;
using podmirror::testing::Numbered;
using podmirror::testing::Soon;
using ::testing::HasSubstr;

class BothEnds : public PushWorld {
 protected:
  void SetUp() override {
    agent_.settings.server_name = "operator.test";
    agent_.folder.Write("ca.crt", certificates_.bundle);
    agent_.folder.Write("token", "node-a");
    Start();
  }
  void TearDown() override {
    agent_.link.reset();
    PushWorld::TearDown();
  }

  void Publish(std::uint64_t number) { PushWorld::Publish("node-a", Encode(Numbered(number))); }
  // Reads states until `number` has come; they must ascend.
  void ExpectUpTo(std::uint64_t number) {
    for (std::uint64_t last = 0; last < number;) {
      const auto state = agent_.states.Receive(Soon());
      ASSERT_TRUE(state.has_value()) << "after " << last;
      ASSERT_GT(state->revision.number, last);
      last = state->revision.number;
    }
  }

  AgentEnd agent_;
};

TEST_F(BothEnds, AStateThatWaitedComesAtOnceAndTheNewestWins) {
  Publish(1);
  agent_.Start(server_->port());
  ASSERT_TRUE(agent_.Connected());
  ExpectUpTo(1);
  for (std::uint64_t number = 2; number <= 200; ++number) Publish(number);
  ExpectUpTo(200);
}

TEST_F(BothEnds, ReportsAreTheNodesOfTheToken) {
  agent_.Start(server_->port());
  ReportMessage report;
  report.kernel = "6.18";
  agent_.link->Report(report);
  EXPECT_TRUE(Await("node-a reports 6.18"));
}

TEST_F(BothEnds, WhoDoesNotLeadIsAskedAgainUntilItDoes) {
  server_->Lead(false);
  agent_.Start(server_->port());
  EXPECT_THAT(agent_.Failure(), HasSubstr("does not lead"));
  server_->Lead(true);
  ASSERT_TRUE(agent_.Connected());
  server_->Lead(false);
  EXPECT_EQ(agent_.connections.Receive(Soon()), false);
  server_->Lead(true);
  Publish(7);
  EXPECT_TRUE(agent_.Connected());
  ExpectUpTo(7);
}

TEST_F(BothEnds, ARefusedTokenIsSaidAndARenewedOneIsTaken) {
  agent_.folder.Write("token", "refused");
  agent_.Start(server_->port());
  EXPECT_THAT(agent_.Failure(), HasSubstr("refuses our token: "));
  agent_.folder.Write("token", "node-a");
  EXPECT_TRUE(agent_.Connected());
}

TEST_F(BothEnds, AStreamEndsWithItsTokenAndGoesOnWithTheNextOne) {
  const Instant soon = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
                       std::chrono::milliseconds(500);
  Know("short", {"node-a", "uid", soon});
  agent_.folder.Write("token", "short");
  agent_.Start(server_->port());
  ASSERT_TRUE(agent_.Connected());
  agent_.folder.Write("token", "node-a");
  EXPECT_EQ(agent_.connections.Receive(Soon()), false);
  EXPECT_TRUE(agent_.Connected());
}

TEST_F(BothEnds, AnotherAuthorityIsTrustedOnceItIsInTheBundle) {
  agent_.Start(server_->port());
  ASSERT_TRUE(agent_.Connected());
  const Certificates next = NewCertificates();
  server_->UseIdentity(IdentityOf(next));
  Publish(1);
  ExpectUpTo(1);  // who is connected stays
  server_->Disconnect("uid-node-a");
  EXPECT_EQ(agent_.connections.Receive(Soon()), false);
  while (agent_.Failure().find("not to be trusted") == std::string::npos) ASSERT_FALSE(HasFailure());
  agent_.folder.Write("ca.crt", certificates_.bundle + next.bundle);
  EXPECT_TRUE(agent_.Connected());
}

}  // namespace
}  // namespace podmirror::push
