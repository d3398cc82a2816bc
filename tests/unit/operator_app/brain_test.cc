#include "operator/app/brain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "contract/codec.h"
#include "tests/support/cluster.h"

namespace podmirror::app {
namespace {

using Json = nlohmann::json;
using kube::Kind;
using podmirror::testing::Cluster;
using podmirror::testing::Key;
using podmirror::testing::Shop;
using podmirror::testing::Time;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const Epoch kEpoch{Time("2026-01-01T00:00:00Z"), 1};

// What came out of the brain since the last look.
class World : public Outputs {
 public:
  bool MayWrite() override { return may_write; }
  void Lead(bool leading) override { leads = leading; }
  void Publish(const NodeName& node, std::shared_ptr<const std::string> message) override {
    published[node] = message ? std::optional(DecodeStateMessage(*message).value()) : std::nullopt;
  }
  void Disconnect(const std::string& pod_uid) override { disconnected.push_back(pod_uid); }
  void WriteStatus(status::Wanted wanted) override { statuses[wanted.key] = Json::parse(wanted.wanted); }
  void ForgetStatus(Kind, const ObjectKey& key) override { forgotten.push_back(key); }
  void Record(kube::Event event) override { events.push_back(std::move(event)); }

  void Clear() {
    published.clear();
    disconnected.clear();
    statuses.clear();
    events.clear();
  }

  bool may_write = true;
  bool leads = false;
  std::map<NodeName, std::optional<StateMessage>> published;
  std::vector<std::string> disconnected;
  std::map<ObjectKey, Json> statuses;
  std::vector<ObjectKey> forgotten;
  std::vector<kube::Event> events;
};

template <typename Map>
kube::Listed List(Kind kind, const Map& objects) {
  kube::Listed listed{kind, {}, {}};
  for (const auto& [key, object] : objects) listed.objects.emplace_back(object);
  return listed;
}

BrainSettings MakeSettings() {
  BrainSettings settings;
  settings.agent_service_account = {"podmirror-system", "podmirror-agent"};
  return settings;
}

class BrainTest : public ::testing::Test {
 protected:
  Now now() const {
    return {Time("2026-06-01T00:00:00Z") + elapsed_, Clock::time_point(std::chrono::hours(1) + elapsed_)};
  }
  void Pass(std::chrono::milliseconds time) {
    elapsed_ += time;
    brain_.Run(now());
  }
  void Tell(Message message) {
    brain_.Handle(std::move(message), now());
    brain_.Run(now());
    Pass(300ms);  // whatever was put off
  }
  void See(kube::WatchEvent event) { Tell(std::move(event)); }
  void ListAll() {
    const auto& s = cluster_.snapshot;
    See(List(Kind::kFilter, s.filters));
    See(List(Kind::kTarget, s.targets));
    See(List(Kind::kSession, s.sessions));
    See(List(Kind::kPod, s.pods));
    See(List(Kind::kNamespace, s.namespaces));
    See(List(Kind::kService, s.services));
    See(List(Kind::kEndpointSlice, s.endpoint_slices));
  }
  // In sync, leading, both nodes connected and up to date.
  void Settle() {
    ListAll();
    Tell(Leading{kEpoch});
    for (const char* node : {"n1", "n2"}) {
      Tell(Connected{node, true});
      Report(node);
    }
  }
  void Report(const NodeName& node) {
    ReportMessage message;
    const auto told = world_.published.find(node);
    if (told != world_.published.end() && told->second) {
      message.applied = told->second->revision;
      for (const auto& source : told->second->state.sources) {
        message.report.sources.push_back({source.pod, "veth", "", ""});
      }
    }
    Tell(Reported{node, std::move(message)});
  }
  Json Condition(const std::string& type) {
    for (const Json& condition : world_.statuses[Key("tap")]["conditions"]) {
      if (condition["type"] == type) return condition;
    }
    return {};
  }
  std::vector<ObjectKey> Sources(const NodeName& node) {
    std::vector<ObjectKey> pods;
    if (!world_.published.contains(node) || !world_.published[node]) return pods;
    for (const auto& source : world_.published[node]->state.sources) pods.push_back(source.pod);
    return pods;
  }

  std::chrono::milliseconds elapsed_{0};
  Cluster cluster_ = Shop();
  World world_;
  metrics::Metrics metrics_;
  Brain brain_{MakeSettings(), world_, metrics_};
};

TEST_F(BrainTest, ASessionReachesTheNodesOfItsPods) {
  Settle();
  EXPECT_EQ(Sources("n1"), (std::vector{Key("web-1")}));
  EXPECT_EQ(Sources("n2"), (std::vector{Key("web-2")}));
  EXPECT_EQ(world_.published["n1"]->revision.epoch, kEpoch);
  EXPECT_EQ(Condition("Programmed")["status"], "True");
  EXPECT_EQ(world_.statuses[Key("tap")]["sources"]["mirroring"], 2);
}

TEST_F(BrainTest, NothingIsSaidBeforeEveryKindWasListed) {
  Tell(Leading{kEpoch});
  const auto& s = cluster_.snapshot;
  See(List(Kind::kFilter, s.filters));
  See(List(Kind::kTarget, s.targets));
  See(List(Kind::kSession, s.sessions));
  See(List(Kind::kPod, s.pods));
  See(List(Kind::kNamespace, s.namespaces));
  See(List(Kind::kService, s.services));
  Tell(Connected{"n1", true});
  Pass(60s);
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.empty());
  EXPECT_TRUE(brain_.Waits(now()));
  See(List(Kind::kEndpointSlice, s.endpoint_slices));
  EXPECT_FALSE(world_.published.empty());
  EXPECT_FALSE(brain_.Waits(now()));
}

TEST_F(BrainTest, AStandbySaysNothingAndIsReady) {
  ListAll();
  Tell(Connected{"n1", true});
  Pass(60s);
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.empty());
  EXPECT_FALSE(world_.leads);
  EXPECT_FALSE(brain_.Waits(now()));
}

TEST_F(BrainTest, WhoMayNotWriteAtThisMomentSaysNothing) {
  world_.may_write = false;
  Settle();
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.empty());
}

TEST_F(BrainTest, ADeposedLeaderFallsSilent) {
  Settle();
  world_.Clear();
  Tell(Leading{std::nullopt});
  EXPECT_FALSE(world_.leads);
  See(kube::Removed{Kind::kSession, Key("tap")});
  Pass(60s);
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.empty());
}

TEST_F(BrainTest, ANewLeaderPublishesUnderItsEpochAlsoWhatDidNotChange) {
  Settle();
  world_.Clear();
  const Epoch later{kEpoch.lease_created, 2};
  Tell(Leading{later});
  EXPECT_EQ(world_.published["n1"]->revision.epoch, later);
  EXPECT_EQ(Sources("n2"), (std::vector{Key("web-2")}));
}

TEST_F(BrainTest, AKindThatCannotBeListedKeepsAllAsItIs) {
  Settle();
  world_.Clear();
  See(kube::OutOfSync{Kind::kSession, Error{"its CRD is missing", "", ""}});
  See(kube::Removed{Kind::kPod, Key("web-1")});
  See(List(Kind::kPod, std::map<ObjectKey, api::Pod>{}));
  Tell(Leading{Epoch{kEpoch.lease_created, 2}});
  Tell(Connected{"n1", true});
  Pass(600s);
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.empty());
  EXPECT_EQ(brain_.Waits(now())->what, "its CRD is missing");
}

// A server without its data: the other kinds list empty. When the CRDs are back and list empty, mirroring ends.
TEST_F(BrainTest, EmptyListsOfAllKindsEndMirroring) {
  Settle();
  See(kube::OutOfSync{Kind::kSession, Error{"its CRD is missing", "", ""}});
  cluster_ = {};
  world_.Clear();
  const auto& s = cluster_.snapshot;
  See(List(Kind::kFilter, s.filters));
  See(List(Kind::kTarget, s.targets));
  See(List(Kind::kPod, s.pods));
  See(List(Kind::kService, s.services));
  See(List(Kind::kEndpointSlice, s.endpoint_slices));
  Pass(60s);
  EXPECT_TRUE(world_.published.empty());
  See(List(Kind::kSession, s.sessions));
  Pass(10s);
  EXPECT_EQ(world_.published["n1"]->state, DesiredState{});
  EXPECT_EQ(world_.published["n2"]->state, DesiredState{});
}

TEST_F(BrainTest, WhileTheServerIsNotHeardNothingChanges) {
  Settle();
  world_.Clear();
  See(kube::Unheard{Kind::kSession, Error{"connection refused", "", ""}});
  See(List(Kind::kPod, std::map<ObjectKey, api::Pod>{}));
  Pass(600s);
  EXPECT_TRUE(world_.published.empty());
}

TEST_F(BrainTest, AListThatLacksPodsIsBelievedOnceTheOtherKindsAreHeard) {
  Settle();
  world_.Clear();
  brain_.Handle(kube::WatchEvent(List(Kind::kPod, std::map<ObjectKey, api::Pod>{})), now());
  Pass(1s);
  EXPECT_TRUE(world_.published.empty());
  for (const Kind kind : kube::kAllKinds) See(kube::Fresh{kind});
  EXPECT_EQ(world_.published["n1"]->state, DesiredState{});
}

TEST_F(BrainTest, ANodeWithoutSourcesIsToldToDoNothing) {
  Settle();
  Tell(Connected{"n9", true});
  ASSERT_TRUE(world_.published["n9"]);
  EXPECT_EQ(world_.published["n9"]->state, DesiredState{});
}

TEST_F(BrainTest, OnlyTheNodeOfAChangedPodIsTold) {
  Settle();
  world_.Clear();
  See(kube::Removed{Kind::kPod, Key("web-1")});
  EXPECT_TRUE(world_.published.contains("n1"));
  EXPECT_FALSE(world_.published.contains("n2"));
}

TEST_F(BrainTest, TheEchoOfAStatusChangesNothing) {
  Settle();
  world_.Clear();
  api::TrafficMirrorSession session = cluster_.snapshot.sessions.at(Key("tap"));
  session.status = R"({"nodes":7})";
  See(kube::Put{Kind::kSession, session});
  EXPECT_TRUE(world_.published.empty());
  EXPECT_TRUE(world_.statuses.contains(Key("tap"))) << "what differs from what is wanted is handed to the writer";
  world_.Clear();
  See(kube::Put{Kind::kSession, session});
  EXPECT_TRUE(world_.statuses.empty());
}

TEST_F(BrainTest, AnUnreadableObjectStaysAsItWasKnown) {
  Settle();
  world_.Clear();
  kube::Listed listed = List(Kind::kSession, std::map<ObjectKey, api::TrafficMirrorSession>{});
  listed.unreadable = {Key("tap")};
  See(std::move(listed));
  See(kube::Unreadable{Kind::kSession, Key("tap"), Error{"bad", "", ""}});
  Pass(60s);
  EXPECT_TRUE(world_.published.empty());
}

TEST_F(BrainTest, ItWakesAtTheNextExpiry) {
  cluster_.snapshot.sessions.at(Key("tap")).spec->expires_at = now().wall + 30s;
  Settle();
  ASSERT_FALSE(Sources("n1").empty());
  world_.Clear();
  Pass(29'500ms - elapsed_);
  EXPECT_TRUE(world_.published.empty());
  EXPECT_EQ(brain_.next(now()) - now().steady, 500ms);
  Pass(500ms);
  Pass(100ms);
  EXPECT_EQ(world_.published["n1"]->state, DesiredState{});
}

TEST_F(BrainTest, AReportTouchesOnlyItsOwnNode) {
  Settle();
  world_.Clear();
  ReportMessage forged;
  forged.report.sources = {{Key("web-1"), "veth", "HostNetwork", "forged"}};
  Tell(Reported{"n2", forged});
  Json status = world_.statuses[Key("tap")];
  ASSERT_TRUE(status.contains("failures"));
  for (const Json& failure : status["failures"]) EXPECT_EQ(failure["pod"], "web-2");
}

TEST_F(BrainTest, ANodeThatIsAwayForAMinuteIsUnreachable) {
  Settle();
  Tell(Connected{"n2", false});
  Pass(50s);
  EXPECT_EQ(Condition("Programmed")["status"], "True");
  Pass(11s);
  Pass(300ms);
  EXPECT_EQ(Condition("Programmed")["reason"], "NodeUnreachable");
}

TEST_F(BrainTest, ANewLeaderLeavesStatusesUntilItHasHeardTheNodes) {
  cluster_.snapshot.sessions.at(Key("tap")).status = R"({"observedGeneration":0})";
  ListAll();
  Tell(Leading{kEpoch});
  Tell(Connected{"n1", true});
  Report("n1");
  Pass(30s);
  EXPECT_FALSE(world_.statuses.contains(Key("tap")));
  EXPECT_TRUE(world_.statuses.contains(Key("ids")));
  Tell(Connected{"n2", true});
  Report("n2");
  EXPECT_EQ(Condition("Programmed")["status"], "True");
}

TEST_F(BrainTest, ANewLeaderJudgesWhatWasNotJudgedYet) {
  cluster_.snapshot.sessions.at(Key("tap")).status = R"({"observedGeneration":0})";
  cluster_.snapshot.sessions.at(Key("tap")).meta.generation = 1;
  ListAll();
  Tell(Leading{kEpoch});
  EXPECT_EQ(Condition("Programmed")["status"], "False");
}

TEST_F(BrainTest, ANewLeaderDoesNotWaitForEverForReports) {
  cluster_.snapshot.sessions.at(Key("tap")).status = R"({"observedGeneration":0})";
  ListAll();
  Tell(Leading{kEpoch});
  Pass(60s);
  Pass(300ms);
  EXPECT_EQ(Condition("Programmed")["reason"], "NodeUnreachable");
}

TEST_F(BrainTest, TheStreamOfAnAgentsPodThatIsGoneIsClosed) {
  api::Pod agent;
  agent.meta.key = {"podmirror-system", "agent-1"};
  agent.meta.uid = "uid-1";
  cluster_.snapshot.pods[agent.meta.key] = agent;
  Settle();
  See(kube::Removed{Kind::kPod, Key("web-1")});
  EXPECT_TRUE(world_.disconnected.empty());
  agent.meta.uid = "uid-2";
  See(kube::Put{Kind::kPod, agent});
  EXPECT_EQ(world_.disconnected, (std::vector<std::string>{"uid-1"}));
  See(kube::Removed{Kind::kPod, agent.meta.key});
  EXPECT_EQ(world_.disconnected, (std::vector<std::string>{"uid-1", "uid-2"}));
}

TEST_F(BrainTest, AServerThatComesLateLearnsAll) {
  Settle();
  world_.Clear();
  world_.leads = false;
  Tell(Serving{});
  EXPECT_TRUE(world_.leads);
  EXPECT_EQ(world_.published.size(), 2U);
}

TEST_F(BrainTest, DeletingATargetInUseIsToldOnItWithItsSessions) {
  Settle();
  world_.Clear();
  See(kube::Removed{Kind::kTarget, Key("ids")});
  const auto told = [&](const std::string& kind) {
    return std::ranges::any_of(world_.events, [&](const kube::Event& event) {
      return event.regarding.kind == kind && event.reason == "TargetNotFound" && event.warning;
    });
  };
  EXPECT_TRUE(told("TrafficMirrorTarget"));
  EXPECT_TRUE(told("TrafficMirrorSession"));
  EXPECT_EQ(world_.forgotten, (std::vector{Key("ids")}));
}

TEST_F(BrainTest, AQuestionIsAnsweredFromTheWatchedPods) {
  std::vector<bool> answers;
  const auto ask = [&] {
    Tell(Question{{{"podmirror-system", "podmirror-agent"}, "agent-1", "uid-1", "n1"},
                  now().wall + 3600s,
                  [&](const Result<push::Agent>& agent) { answers.push_back(agent.has_value()); }});
  };
  ask();
  api::Pod agent;
  agent.meta.key = {"podmirror-system", "agent-1"};
  agent.meta.uid = "uid-1";
  agent.node = "n1";
  cluster_.snapshot.pods[agent.meta.key] = agent;
  ListAll();
  ask();
  EXPECT_EQ(answers, (std::vector{false, true}));
}

}  // namespace
}  // namespace podmirror::app
