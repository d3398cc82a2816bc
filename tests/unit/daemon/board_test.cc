#include "node-agent/daemon/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::daemon {
namespace {

TEST(Board, IsReadyOnceAStateIsAppliedOrThereIsNone) {
  Board board(std::chrono::seconds(60));
  EXPECT_FALSE(board.IsReady().has_value());
  board.Ready();
  EXPECT_TRUE(board.IsReady().has_value());
}

TEST(Board, IsHealthyWhileTheLoopComesRound) {
  Board patient(std::chrono::seconds(60));
  EXPECT_TRUE(patient.Healthy().has_value());
  Board stuck(std::chrono::milliseconds(-1));
  EXPECT_FALSE(stuck.Healthy().has_value());
}

TEST(Board, ShowsTheLastSnapshot) {
  Board board(std::chrono::seconds(60));
  EXPECT_THAT(board.Metrics(), ::testing::HasSubstr("podmirror_agent_connected 0\n"));
  metrics::Snapshot snapshot;
  snapshot.connected = true;
  board.Show(std::make_shared<const metrics::Snapshot>(snapshot));
  EXPECT_THAT(board.Metrics(), ::testing::HasSubstr("podmirror_agent_connected 1\n"));
}

}  // namespace
}  // namespace podmirror::daemon
