#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <set>

#include "operator/compile/compile.h"
#include "tests/support/cluster.h"
#include "tests/support/compiled_text.h"
#include "tests/worlds/compile/expand.h"

namespace podmirror::worlds {
namespace {

using testing::At;
using testing::Cluster;
using testing::Key;
using testing::Number;
using testing::Range;
using testing::TextOf;

// Every step of `change` is a new state of the world.
class Telling {
 public:
  explicit Telling(std::string name) { story_.name = std::move(name); }
  template <typename Change>
  Telling& Then(const Change& change) {
    change(cluster_);
    story_.states.push_back(cluster_.snapshot);
    return *this;
  }
  Telling& BeginWithShop() {
    cluster_ = testing::Shop();
    return Then([](Cluster&) {});
  }
  Story Finish() { return std::move(story_); }

 private:
  Story story_;
  Cluster cluster_;
};

Story APodComesMovesAndGoes() {
  return Telling("a pod comes, moves and goes")
      .BeginWithShop()
      .Then([](Cluster& c) { c.Pod("web-3", "", "10.1.0.3", {{"app", "web"}}); })
      .Then([](Cluster& c) { c.snapshot.pods.at(Key("web-3")).node = "n3"; })
      .Then([](Cluster& c) { c.snapshot.pods.at(Key("web-3")).meta.deleting = true; })
      .Then([](Cluster& c) { c.snapshot.pods.erase(Key("web-3")); })
      .Then([](Cluster& c) { c.Pod("web-3", "n1", "10.1.0.33", {{"app", "web"}}).meta.uid = "another"; })
      .Then([](Cluster& c) { c.snapshot.pods.at(Key("web-3")).meta.labels = {{"app", "db"}}; })
      .Finish();
}

Story ObjectsArriveInAnyOrderAndBreak() {
  const auto invalid = std::unexpected(api::Invalid{{"wrong", "spec", "write it well"}, ""});
  return Telling("objects arrive in any order and break")
      .Then([](Cluster& c) { c.Session("tap"); })
      .Then([](Cluster& c) { c.Pod("web-1", "n1", "10.1.0.1", {{"app", "web"}}); })
      .Then([](Cluster& c) { c.Target("ids", {.service = api::ServiceRef{"ids", 4789}}); })
      .Then([](Cluster& c) { c.Slice("ids-a", "ids").endpoints = {Cluster::Endpoint("10.1.9.1", "ids-1")}; })
      .Then([](Cluster& c) { c.Filter("all"); })
      .Then([](Cluster& c) { c.Service("ids", "10.96.0.9"); })
      .Then([](Cluster& c) { c.Pod("ids-1", "n1", "10.1.9.1"); })
      .Then([&](Cluster& c) { c.Filter("all").spec = invalid; })
      .Then([](Cluster& c) { c.Filter("all"); })
      .Then([&](Cluster& c) { c.Target("ids", {}).spec = invalid; })
      .Then([](Cluster& c) { c.Target("ids", {.address = At("192.0.2.10")}); })
      .Then([&](Cluster& c) { c.Session("tap").spec = invalid; })
      .Then([](Cluster& c) { c.Session("tap").spec->vni = Number(64); })
      .Finish();
}

Story SessionsCompete() {
  const auto named = [](const std::string& ns) {
    return [ns](Cluster& c) {
      c.Filter(ns + "/all");
      c.Target(ns + "/ids", {.address = At("192.0.2.10")});
      c.Pod(ns + "/web-1", "n1", "10.2.0.1", {{"app", "web"}});
      c.Session(ns + "/tap").spec->vni = Number(64);
    };
  };
  return Telling("sessions compete for numbers and places")
      .BeginWithShop()
      .Then(named("bank"))
      .Then(named("a-bank"))
      .Then([](Cluster& c) { c.Session("tie").meta.created = testing::Time("2020-01-01T00:00:00Z"); })
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("tap")).status_vni = Number(64); })
      .Then([](Cluster& c) {
        for (int i = 0; i < 17; ++i) c.Session("more-" + std::to_string(i), static_cast<std::uint16_t>(i + 2));
      })
      .Then([](Cluster& c) { c.snapshot.sessions.erase(Key("a-bank/tap")); })
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("tie")).spec->paused = true; })
      .Finish();
}

Story CollectorsAndSealsComeAndGo() {
  return Telling("collectors and seals come and go, and time passes")
      .BeginWithShop()
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("tap")).spec->pods = {}; })
      .Then([](Cluster& c) { c.snapshot.endpoint_slices.at(Key("ids-a")).endpoints[0].ready = false; })
      .Then([](Cluster& c) { c.Namespace("shop").meta.annotations["podmirror.io/sealed"] = "true"; })
      .Then([](Cluster& c) { c.snapshot.namespaces.clear(); })
      .Then([](Cluster& c) {
        c.snapshot.sessions.at(Key("tap")).spec->expires_at = c.snapshot.now + std::chrono::hours(1);
      })
      .Then([](Cluster& c) { c.snapshot.now += std::chrono::hours(2); })
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("tap")).spec->expires_at = std::nullopt; })
      .Finish();
}

void Consent(Cluster& cluster, const std::string& ns, const std::string& to) {
  cluster.Namespace(ns).meta.annotations["podmirror.io/allow-sessions-from"] = to;
}

Story ConsentAndGrantsComeAndGo() {
  return Telling("consent and grants come and go")
      .BeginWithShop()
      .Then([](Cluster& c) { c.Pod("pay/web-1", "n1", "10.2.0.1", {{"app", "web"}}); })
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("tap")).spec->namespaces = api::Selector{}; })
      .Then([](Cluster& c) { Consent(c, "pay", "shop"); })
      .Then([](Cluster& c) { c.snapshot.pods.at(Key("pay/web-1")).meta.annotations["podmirror.io/sealed"] = "true"; })
      .Then([](Cluster& c) { c.snapshot.pods.at(Key("pay/web-1")).meta.annotations.clear(); })
      .Then([](Cluster& c) {
        c.Filter("pay/all");
        c.Session("pay/tap").spec->target_namespace = "shop";
      })
      .Then(
          [](Cluster& c) { c.snapshot.targets.at(Key("ids")).spec->allowed.from = api::AllowedNamespaces::From::kAll; })
      .Then([](Cluster& c) { c.snapshot.namespaces.clear(); })
      .Then([](Cluster& c) { c.snapshot.targets.at(Key("ids")).spec->allowed = {}; })
      .Finish();
}

// The security team mirrors a tenant's collector, which may come to be its own.
Story ThePriorityTierComesAndGoes() {
  return Telling("the priority tier comes and goes")
      .BeginWithShop()
      .Then([](Cluster& c) {
        c.Filter("security/all");
        c.Target("security/far", {.address = testing::At("192.0.2.9")});
        api::SessionSpec& spec = *c.Session("security/all", 9).spec;
        spec.pods = {};
        spec.namespaces = api::Selector{};
        spec.target = "far";
      })
      .Then([](Cluster& c) {
        c.snapshot.targets.at(Key("ids")).spec->allowed.from = api::AllowedNamespaces::From::kAll;
        api::SessionSpec& spec = *c.snapshot.sessions.at(Key("security/all")).spec;
        spec.target = "ids";
        spec.target_namespace = "shop";
      })
      .Then([](Cluster& c) { c.snapshot.sessions.at(Key("security/all")).spec->paused = true; })
      .Then([](Cluster& c) { c.snapshot.sessions.erase(Key("security/all")); })
      .Finish();
}

const compile::Settings& TheSettings() {
  static const compile::Settings kSettings{.allowed_target_cidrs = {Range("192.0.2.0/24")},
                                           .priority_namespaces = {"security"}};
  return kSettings;
}

std::string Fresh(const store::Snapshot& state) { return TextOf(compile::Compile(state, TheSettings())); }

// How a store is led from state to state: after each event (split), or after all events of a step.
enum class Pace { kEvent, kStep };

void Walk(const Story& story, Pace pace, std::uint32_t seed) {
  store::Store store;
  store::Snapshot before;
  compile::Memo memo;  // what it holds of earlier states must not show
  for (std::size_t i = 0; i < story.states.size(); ++i) {
    SCOPED_TRACE(story.name + ", state " + std::to_string(i) + ", seed " + std::to_string(seed));
    const store::Snapshot& after = story.states[i];
    for (const Event& event : Difference(before, after, seed + static_cast<std::uint32_t>(i))) {
      Apply(event, store);
      // In between the world is torn: still the same bytes twice, and no crash.
      if (pace == Pace::kEvent) {
        const store::Snapshot torn = store.Snapshot(after.now);
        ASSERT_EQ(TextOf(compile::Compile(store.Snapshot(after.now), TheSettings(), memo)), Fresh(torn));
      }
    }
    ASSERT_EQ(TextOf(compile::Compile(store.Snapshot(after.now), TheSettings(), memo)), Fresh(after));
    before = after;
  }
}

class Worlds : public ::testing::TestWithParam<Story (*)()> {};

TEST_P(Worlds, EveryWayToAStateGivesTheSameBytes) {
  for (const Story& story : Expand(GetParam()())) {
    for (const Pace pace : {Pace::kStep, Pace::kEvent}) {
      for (std::uint32_t seed = 1; seed <= 3; ++seed) ASSERT_NO_FATAL_FAILURE(Walk(story, pace, seed));
    }
  }
}

TEST_P(Worlds, EveryStepChangesTheWorldAndSeveralChangeTheOutput) {
  const Story story = GetParam()();
  for (std::size_t i = 1; i < story.states.size(); ++i) {
    EXPECT_FALSE(Difference(story.states[i - 1], story.states[i], 1).empty() &&
                 story.states[i - 1].now == story.states[i].now)
        << story.name << ", state " << i;
  }
  std::set<std::string> outputs;
  for (const store::Snapshot& state : story.states) outputs.insert(Fresh(state));
  EXPECT_GE(outputs.size(), 3u);
}

std::string NameOf(const ::testing::TestParamInfo<Story (*)()>& tested) {
  std::string name;
  for (const char c : tested.param().name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    if (c == ' ') name += '_';
  }
  return name;
}

// Small objects over a few names, so that most changes meet.
class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}

  void Change(Cluster& c) {
    const std::string ns = Pick({"shop", "pay", "security"});
    const ObjectKey pod = Key(ns + "/" + Pick({"web-1", "web-2", "ids-1"}));
    const ObjectKey session = Key(ns + "/" + Pick({"tap", "all"}));
    switch (Number(10)) {
      case 0:
        c.snapshot.pods.erase(pod);
        return;
      case 1:
      case 2:
      case 3:
        c.Pod(pod.ToString(), Pick({"n1", "n2", ""}), Pick({"10.1.0.1", "10.1.9.1"}), {{"app", Pick({"web", "ids"})}});
        if (Number(4) == 0) c.snapshot.pods.at(pod).meta.annotations["podmirror.io/sealed"] = "true";
        return;
      case 4:
        Consent(c, ns, Pick({"", "*", "shop", "pay, shop"}));
        if (Number(5) == 0) c.snapshot.namespaces.at({"", ns}).meta.annotations["podmirror.io/sealed"] = "true";
        return;
      case 5:
        c.snapshot.sessions.erase(session);
        return;
      case 6:
        c.Filter(ns + "/all", {Number(2) == 0 ? testing::Rules(200) : testing::Rules(1), {}});
        return;
      case 7:
        c.Target(ns + "/ids", {.service = api::ServiceRef{"ids", 4789}}).spec->allowed.from =
            Number(2) == 0 ? api::AllowedNamespaces::From::kAll : api::AllowedNamespaces::From::kSame;
        c.Service(ns + "/ids", "10.96.0.9");
        c.Slice(ns + "/ids-a", "ids").endpoints = {Cluster::Endpoint("10.1.9.1", "ids-1", ns)};
        return;
      default:
        PutSession(c, session);
    }
  }

 private:
  std::uint32_t Number(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string Pick(std::vector<std::string> of) { return of[Number(static_cast<std::uint32_t>(of.size()))]; }

  void PutSession(Cluster& c, const ObjectKey& key) {
    api::SessionSpec& spec = *c.Session(key.ToString(), static_cast<std::uint16_t>(Number(3) + 1)).spec;
    if (Number(2) == 0) spec.pods = {};
    if (Number(2) == 0) spec.namespaces = api::Selector{};
    if (Number(3) == 0) spec.target_namespace = Pick({"shop", "security"});
    spec.paused = Number(5) == 0;
  }

  std::mt19937 random_;
};

TEST(Memo, ChangesNothingButTheTimeOverRandomHistories) {
  std::set<std::string> outputs;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(seed);
    Cluster cluster = testing::Shop();
    store::Store store;
    store::Snapshot before;
    compile::Memo memo;
    for (int step = 0; step < 100; ++step) {
      for (const Event& event : Difference(before, cluster.snapshot, seed)) Apply(event, store);
      const compile::Compiled with = compile::Compile(store.Snapshot(cluster.snapshot.now), TheSettings(), memo);
      const compile::Compiled without = compile::Compile(cluster.snapshot, TheSettings());
      ASSERT_EQ(with, without) << "step " << step;
      if (step % 10 == 0) outputs.insert(TextOf(with));
      before = cluster.snapshot;
      chance.Change(cluster);
    }
  }
  EXPECT_GT(outputs.size(), 100u);
}

TEST(Memo, KeepsTheStatesOfNodesThatAChangeDoesNotConcern) {
  Cluster cluster = testing::Shop();
  store::Store store;
  for (const Event& event : Difference({}, cluster.snapshot, 1)) Apply(event, store);
  compile::Memo memo;
  const compile::Compiled before = compile::Compile(store.Snapshot(cluster.snapshot.now), TheSettings(), memo);
  api::Pod pod = cluster.snapshot.pods.at(Key("web-1"));
  pod.ips = {testing::Ip("10.1.0.99")};
  store.Put(pod);
  const compile::Compiled after = compile::Compile(store.Snapshot(cluster.snapshot.now), TheSettings(), memo);
  EXPECT_NE(after.states.at("n1").pointer(), before.states.at("n1").pointer());
  EXPECT_EQ(after.states.at("n2").pointer(), before.states.at("n2").pointer());
}

INSTANTIATE_TEST_SUITE_P(Stories, Worlds,
                         ::testing::Values(&APodComesMovesAndGoes, &ObjectsArriveInAnyOrderAndBreak, &SessionsCompete,
                                           &CollectorsAndSealsComeAndGo, &ConsentAndGrantsComeAndGo,
                                           &ThePriorityTierComesAndGoes),
                         NameOf);

}  // namespace
}  // namespace podmirror::worlds
