#include <gtest/gtest.h>

#include <cctype>
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
  Telling& Then(Change change) {
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

const compile::Settings& TheSettings() {
  static const compile::Settings kSettings{.allowed_target_cidrs = {Range("192.0.2.0/24")}};
  return kSettings;
}

std::string Fresh(const store::Snapshot& state) { return TextOf(compile::Compile(state, TheSettings())); }

// How a store is led from state to state: after each event (split), or after all events of a step.
enum class Pace { kEvent, kStep };

void Walk(const Story& story, Pace pace, std::uint32_t seed) {
  store::Store store;
  store::Snapshot before;
  for (std::size_t i = 0; i < story.states.size(); ++i) {
    SCOPED_TRACE(story.name + ", state " + std::to_string(i) + ", seed " + std::to_string(seed));
    const store::Snapshot& after = story.states[i];
    for (const Event& event : Difference(before, after, seed + static_cast<std::uint32_t>(i))) {
      Apply(event, store);
      // In between the world is torn: still the same bytes twice, and no crash.
      if (pace == Pace::kEvent) {
        const store::Snapshot torn = store.Snapshot(after.now);
        ASSERT_EQ(TextOf(compile::Compile(store.Snapshot(after.now), TheSettings())), Fresh(torn));
      }
    }
    ASSERT_EQ(TextOf(compile::Compile(store.Snapshot(after.now), TheSettings())), Fresh(after));
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

INSTANTIATE_TEST_SUITE_P(Stories, Worlds,
                         ::testing::Values(&APodComesMovesAndGoes, &ObjectsArriveInAnyOrderAndBreak, &SessionsCompete,
                                           &CollectorsAndSealsComeAndGo),
                         NameOf);

}  // namespace
}  // namespace podmirror::worlds
