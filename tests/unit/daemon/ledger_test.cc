#include "node-agent/daemon/ledger.h"

#include <gtest/gtest.h>

namespace podmirror::daemon {
namespace {

using Judgement = Ledger::Judgement;

StateMessage State(int lease, std::int64_t transitions, std::uint64_t number) {
  StateMessage message;
  message.revision = {{Instant(std::chrono::seconds(lease)), transitions}, number};
  return message;
}

// Another content under the same revision.
StateMessage Other(StateMessage message) {
  message.state.collectors = {{IpAddress::V4({10, 0, 0, 9}), 4789}};
  return message;
}

TEST(Ledger, TakesTheFirstAndWhateverIsNewer) {
  Ledger ledger;
  EXPECT_FALSE(ledger.current().has_value());
  for (const StateMessage& state : {State(5, 2, 9), State(5, 2, 10), State(5, 3, 1), State(6, 0, 0)}) {
    EXPECT_EQ(ledger.Offer(state), Judgement::kTaken);
    EXPECT_EQ(ledger.current(), state);
  }
}

TEST(Ledger, RefusesWhatIsOlderByLeaseLeaderOrNumber) {
  Ledger ledger;
  ledger.Offer(State(5, 2, 10));
  for (const StateMessage& state : {State(5, 2, 9), State(5, 1, 99), State(4, 9, 99)}) {
    EXPECT_EQ(ledger.Offer(Other(state)), Judgement::kOlder);
    EXPECT_EQ(ledger.current(), State(5, 2, 10));
  }
}

TEST(Ledger, WhatComesAgainAfterADialIsTheSame) {
  Ledger ledger;
  ledger.Offer(State(5, 2, 10));
  EXPECT_EQ(ledger.Offer(State(5, 2, 10)), Judgement::kSame);
  EXPECT_EQ(ledger.Offer(Other(State(5, 2, 10))), Judgement::kTaken);
}

TEST(Ledger, LagsUntilAStateIsAppliedWhole) {
  Ledger ledger;
  EXPECT_EQ(ledger.lag(), 0u);
  EXPECT_FALSE(ledger.applied().has_value());
  ledger.Offer(State(5, 2, 3));
  EXPECT_EQ(ledger.lag(), 3u);
  ledger.Applied(false);
  EXPECT_EQ(ledger.applied(), State(5, 2, 3).revision) << "what failed is told in the report";
  EXPECT_EQ(ledger.lag(), 3u);
  ledger.Applied(true);
  EXPECT_EQ(ledger.lag(), 0u);
  ledger.Offer(State(5, 2, 8));
  EXPECT_EQ(ledger.lag(), 5u);
  ledger.Applied(true);
  ledger.Offer(State(6, 0, 0));
  EXPECT_EQ(ledger.lag(), 1u) << "of another leader: behind, by how much nobody can say";
}

}  // namespace
}  // namespace podmirror::daemon
