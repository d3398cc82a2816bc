// A peer that is there and says nothing: its machine hangs, or a middle box has forgotten the connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/net/link/agent_end.h"
#include "tests/net/link/operator.h"

namespace podmirror::link {
namespace {

using testing::AgentEnd;
using ::testing::HasSubstr;

TEST(Link, HoldsAQuietStreamThatAnswersPings) {
  AgentEnd agent;
  testing::TestOperator oper({agent.Identity()});
  agent.settings.silence = std::chrono::milliseconds(200);
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  EXPECT_EQ(agent.connections.Receive(std::chrono::steady_clock::now() + std::chrono::seconds(1)), std::nullopt);
}

TEST(Link, LeavesAStreamThatFellSilent) {
  AgentEnd agent;
  testing::TestOperator oper({agent.Identity()});
  agent.settings.silence = std::chrono::milliseconds(200);
  agent.Start(oper.port());
  ASSERT_TRUE(agent.Connected());
  oper.Hang();
  EXPECT_EQ(agent.connections.Receive(testing::Soon()), false);
  EXPECT_THAT(agent.Failure(), HasSubstr("fell silent"));
}

}  // namespace
}  // namespace podmirror::link
