// The limits per pod: 16 active sessions, 256 rules in each direction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/limits.h"
#include "contract/reasons.h"
#include "operator/compile/compile.h"
#include "tests/support/cluster.h"

namespace podmirror::compile {
namespace {

using testing::Cluster;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Key;
using testing::Rules;
using testing::Shop;

std::string Numbered(std::size_t i) { return (i < 10 ? "s0" : "s") + std::to_string(i); }

// `count` sessions s00, s01, ... in this order, all on the pods of Shop().
Cluster WithSessions(std::size_t count) {
  Cluster cluster = Shop();
  cluster.snapshot.sessions.clear();
  for (std::size_t i = 0; i < count; ++i) cluster.Session(Numbered(i), static_cast<std::uint16_t>(i + 1));
  return cluster;
}

// A session of its own filter with so many rules.
void AddSession(Cluster& cluster, const std::string& name, std::uint16_t number, std::size_t ingress,
                std::size_t egress) {
  cluster.Filter(name, {Rules(ingress), Rules(egress)});
  cluster.Session(name, number).spec->filter = name;
}

const SourceVerdict& On(const Compiled& compiled, const std::string& session, const std::string& pod = "web-1") {
  for (const SourceVerdict& source : compiled.verdicts.sessions.at(Key(session)).sources) {
    if (source.pod == Key(pod)) return source;
  }
  static const SourceVerdict kNone{.reason = "no verdict"};
  return kNone;
}

TEST(Limits, SixteenSessionsFitOnAPod) {
  const Compiled compiled = WithSessions(16).Compile();
  EXPECT_EQ(On(compiled, "s15").reason, "");
  EXPECT_EQ(compiled.states.at("n1")->sources[0].ingress.size(), kMaxSessionsPerPod);
}

TEST(Limits, TheSeventeenthAndEveryLaterSessionIsLeftOut) {
  const Compiled compiled = WithSessions(18).Compile();
  EXPECT_EQ(On(compiled, "s15").reason, "");
  EXPECT_EQ(On(compiled, "s16").reason, reason::kTooManySessions);
  EXPECT_EQ(On(compiled, "s17").reason, reason::kTooManySessions);
  EXPECT_EQ(compiled.states.at("n1")->sources[0].ingress.size(), kMaxSessionsPerPod);
  EXPECT_EQ(compiled.states.at("n1")->sessions.size(), kMaxSessionsPerPod);
}

TEST(Limits, ASessionThatIsNotActiveTakesNoPlace) {
  Cluster cluster = WithSessions(17);
  cluster.snapshot.sessions.at(Key("s00")).spec->paused = true;
  EXPECT_EQ(On(cluster.Compile(), "s16").reason, "");
}

TEST(Limits, APodWithFewerSessionsIsNotHurtByAnother) {
  Cluster cluster = WithSessions(17);
  cluster.Pod("lone", "n3", "10.1.0.3", {{"app", "lone"}});
  cluster.snapshot.sessions.at(Key("s16")).spec->pods = {};
  const Compiled compiled = cluster.Compile();
  EXPECT_EQ(On(compiled, "s16").reason, reason::kTooManySessions);
  EXPECT_EQ(On(compiled, "s16", "lone").reason, "");
}

TEST(Limits, TwoHundredAndFiftySixRulesFit) {
  Cluster cluster = WithSessions(0);
  AddSession(cluster, "a", 1, 200, 1);
  AddSession(cluster, "b", 2, 56, 1);
  EXPECT_EQ(On(cluster.Compile(), "b").reason, "");
}

TEST(Limits, TheFirstSessionWhoseRulesDoNotFitAndEveryLaterOneAreLeftOutOfThatDirection) {
  Cluster cluster = WithSessions(0);
  AddSession(cluster, "a", 1, 200, 1);
  AddSession(cluster, "b", 2, 57, 1);
  AddSession(cluster, "c", 3, 1, 1);  // would fit
  const Compiled compiled = cluster.Compile();
  EXPECT_EQ(On(compiled, "a").reason, "");
  for (const auto* name : {"b", "c"}) {
    EXPECT_EQ(On(compiled, name).reason, reason::kTooManyRules);
    EXPECT_THAT(On(compiled, name).message, HasSubstr("direction ingress:"));
  }
  const DesiredSource& source = compiled.states.at("n1")->sources[0];
  EXPECT_THAT(source.ingress, ElementsAre(Key("a")));
  EXPECT_THAT(source.egress, ElementsAre(Key("a"), Key("b"), Key("c")));
}

TEST(Limits, TheDirectionsAreCountedApart) {
  Cluster cluster = WithSessions(0);
  AddSession(cluster, "a", 1, 256, 0);
  AddSession(cluster, "b", 2, 0, 256);
  EXPECT_EQ(On(cluster.Compile(), "b").reason, "");
  AddSession(cluster, "c", 3, 0, 1);
  const Compiled compiled = cluster.Compile();
  EXPECT_THAT(On(compiled, "c").message, HasSubstr("direction egress:"));
  EXPECT_THAT(compiled.states.at("n1")->sources[0].ingress, ElementsAre(Key("a"), Key("b"), Key("c")));
}

TEST(Limits, ASessionOutOfBothDirectionsIsNotInTheState) {
  Cluster cluster = WithSessions(0);
  AddSession(cluster, "a", 1, 256, 256);
  AddSession(cluster, "b", 2, 1, 1);
  const Compiled compiled = cluster.Compile();
  EXPECT_THAT(On(compiled, "b").message, HasSubstr("ingress and egress"));
  EXPECT_EQ(compiled.states.at("n1")->sessions.size(), 1u);
  EXPECT_EQ(compiled.states.at("n1")->filters.size(), 1u);
}

TEST(Limits, ASessionLeftOutByNumberTakesNoRules) {
  Cluster cluster = WithSessions(16);
  AddSession(cluster, "big", 17, 256, 256);
  EXPECT_EQ(On(cluster.Compile(), "big").reason, reason::kTooManySessions);
}

}  // namespace
}  // namespace podmirror::compile
