// parse.h, match.h and flow.h against the reference, on random rules and frames.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "tests/oracle/product.h"
#include "tests/oracle/random_frame.h"
#include "tests/oracle/random_rules.h"

namespace podmirror::oracle {
namespace {

constexpr int kFramesPerWorld = 1000;

// How often each verdict was given; a comparison in which nothing ever matches proves nothing.
struct Verdicts {
  int accepted = 0;
  int by_later_session = 0;
  int rejected = 0;
  int excluded = 0;
  int unmatched = 0;

  void Note(const Outcome& outcome) {
    if (outcome.packet.kind < PM_PACKET_IP4) return;
    accepted += outcome.match.winner != PM_NO_SESSION;
    by_later_session += outcome.match.winner > 0;
    rejected += outcome.match.rejected != 0;
    excluded += outcome.match.excluded != 0;
    unmatched += outcome.match.winner == PM_NO_SESSION && outcome.match.rejected == 0;
  }
};

// Equal flows have equal hashes; unequal ones, as good as always, others.
class Flows {
 public:
  // False where the flow was seen with another hash.
  bool Note(const std::string& flow, std::uint32_t hash) {
    if (hashes_.size() >= kMost && !hashes_.contains(flow)) return true;
    return hashes_.try_emplace(flow, hash).first->second == hash;
  }

  std::size_t flows() const { return hashes_.size(); }
  std::size_t hashes() const {
    std::unordered_set<std::uint32_t> all;
    for (const auto& [flow, hash] : hashes_) all.insert(hash);
    return all.size();
  }

 private:
  static constexpr std::size_t kMost = 100000;
  std::unordered_map<std::string, std::uint32_t> hashes_;
};

TEST(Oracle, NativeProgramAndReferenceAgreeOnRandomFramesAndRules) {
  Random random(AnnouncedSeed());
  std::printf("%d pairs\n", ORACLE_PAIRS);
  Coverage coverage;
  Verdicts verdicts;
  Flows flows;
  for (int pair = 0; pair < ORACLE_PAIRS;) {
    const World world = RandomWorld(random);
    for (int i = 0; i < kFramesPerWorld; ++i, ++pair) {
      const Frame frame = RandomFrame(random, coverage);
      const Reading reading = Read(frame.wire);
      const Outcome outcome = RunNative(world, frame);
      coverage.NoteReading(frame, reading);
      verdicts.Note(outcome);
      ASSERT_EQ(Difference(world, reading, outcome), "") << "pair " << pair << ": " << Hex(frame.wire);
      if (!IsJudged(reading)) continue;
      ASSERT_TRUE(flows.Note(reading.flow, outcome.flow_hash)) << "pair " << pair << ": " << Hex(frame.wire);
    }
  }
  EXPECT_THAT(coverage.Missing(), testing::IsEmpty());
  EXPECT_GT(verdicts.accepted, ORACLE_PAIRS / 20);
  EXPECT_GT(verdicts.by_later_session, ORACLE_PAIRS / 50);
  EXPECT_GT(verdicts.rejected, ORACLE_PAIRS / 20);
  EXPECT_GT(verdicts.excluded, ORACLE_PAIRS / 50);
  EXPECT_GT(verdicts.unmatched, ORACLE_PAIRS / 50);
  EXPECT_GT(flows.flows(), static_cast<std::size_t>(ORACLE_PAIRS / 50));
  // By chance 2^-32 * n^2 / 2 of n hashes meet: one of 100,000.
  EXPECT_GT(flows.hashes() + 50, flows.flows());
}

}  // namespace
}  // namespace podmirror::oracle
