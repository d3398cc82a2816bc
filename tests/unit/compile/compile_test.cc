#include "operator/compile/compile.h"

#include <gtest/gtest.h>

#include <chrono>

#include "contract/codec.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::Cluster;
using testing::Key;

TEST(Compile, AnEmptyClusterGivesNothing) { EXPECT_EQ(Cluster().Compile(), Compiled()); }

TEST(Compile, EqualInputGivesEqualBytes) {
  const Compiled once = testing::Shop().Compile();
  const Compiled again = testing::Shop().Compile();
  EXPECT_EQ(once, again);
  ASSERT_EQ(once.states.size(), 2u);
  for (const auto& [node, state] : once.states) EXPECT_EQ(Encode(state), Encode(again.states.at(node)));
}

// What we wrote ourselves must not come back as a decision; but for status_vni, which is input.
TEST(Compile, TheStatusOfObjectsChangesNothing) {
  Cluster cluster = testing::Shop();
  const Compiled without = cluster.Compile();
  for (auto& [key, filter] : cluster.snapshot.filters) filter.status = R"({"observedGeneration":7})";
  for (auto& [key, target] : cluster.snapshot.targets) target.status = R"({"conditions":[]})";
  for (auto& [key, session] : cluster.snapshot.sessions) session.status = R"({"sources":{"mirroring":9}})";
  EXPECT_EQ(cluster.Compile(), without);
}

TEST(Compile, EveryObjectHasAVerdict) {
  Cluster cluster = testing::Shop();
  cluster.Filter("bank/f").spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  cluster.Target("bank/t", {}).spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  cluster.Session("bank/s").spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  const Compiled compiled = cluster.Compile();
  EXPECT_EQ(compiled.verdicts.filters.size(), 2u);
  EXPECT_EQ(compiled.verdicts.targets.size(), 2u);
  EXPECT_EQ(compiled.verdicts.sessions.size(), 2u);
}

TEST(Compile, ABrokenObjectHurtsNoOther) {
  const auto states = testing::Shop().Compile().states;
  Cluster cluster = testing::Shop();
  cluster.Filter("f").spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  cluster.Target("t", {}).spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  cluster.Session("s").spec = std::unexpected(api::Invalid{{"x", "", ""}, ""});
  EXPECT_EQ(cluster.Compile().states, states);
}

// A guard against accidental squares, not a benchmark: a scan of all pods for all sessions takes minutes here.
TEST(Compile, AThousandSessionsAndManyPodsTakeNoSquareOfTime) {
  Cluster cluster;
  constexpr int kNamespaces = 10, kPods = 20'000, kSessions = 1'000;
  for (int i = 0; i < kPods; ++i) {
    const std::string ns = "n" + std::to_string(i % kNamespaces);
    cluster.Pod(ns + "/p" + std::to_string(i), "node-" + std::to_string(i % 1000), "10.1.0.1",
                {{"app", "a" + std::to_string(i / kNamespaces % 100)}, {"tier", "x"}});
  }
  for (int i = 0; i < kNamespaces; ++i) {
    const std::string ns = "n" + std::to_string(i) + "/";
    cluster.Filter(ns + "all");
    cluster.Service(ns + "ids", "10.96.0.9");
    cluster.Target(ns + "ids", {.service = api::ServiceRef{"ids", 4789}});
  }
  for (int i = 0; i < kSessions; ++i) {
    auto& session = cluster.Session("n" + std::to_string(i % kNamespaces) + "/s" + std::to_string(i));
    session.spec->pods = {{{"app", "a" + std::to_string(i / kNamespaces % 100)}, {"tier", "x"}}, {}};
  }
  const auto begin = std::chrono::steady_clock::now();
  const Compiled compiled = cluster.Compile();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(compiled.states.size(), 1000u);
  EXPECT_EQ(compiled.verdicts.sessions.at({"n3", "s3"}).sources.size(), 20u);
  RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_LT(took, std::chrono::seconds(20));
}

}  // namespace
}  // namespace podmirror::compile
