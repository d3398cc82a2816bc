#include "cli/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace podmirror::cli {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::uint32_t kIfindex = 17;
constexpr std::uint32_t kIndex = 3;
constexpr std::uint64_t kWeb = 111;
constexpr std::uint64_t kAll = 222;

// Two sessions on one pod; `all` is programmed for ingress only.
struct World {
  Report report;
  plan::Observed observed;
  dataplane::Counters counters;

  World() {
    const status::SourceStatus source{{"default", "a"}, "local", "veth0", "Mirroring", ""};
    status::SessionStatus web;
    web.vni = *Vni::Make(64);
    web.conditions = {{"Programmed", true, "Programmed", "fine"}, {"TargetReady", false, "NoEndpoints", "none"}};
    web.sources = {source};
    status::SessionStatus all;
    all.sources = {source};
    report.status.sessions[{"default", "web"}] = web;
    report.status.sessions[{"default", "all"}] = all;
    status::TargetStatus target;
    target.endpoints = {{{*IpAddress::Parse("10.0.0.2"), 4789}, "NoRoute", "no route"}};
    report.status.targets[{"default", "ids"}] = target;
    report.session_keys = {{{"default", "web"}, kWeb}, {{"default", "all"}, kAll}};
    report.ifindexes = {{{"default", "a"}, kIfindex}};

    plan::Interface interface;
    interface.entry = pm_interface{kIndex, 0, 0};
    interface.hooks[PM_INGRESS] = HookOf({{kWeb, 5}, {kAll, 6}});
    interface.hooks[PM_EGRESS] = HookOf({{kWeb, 7}});
    observed.interfaces[kIfindex] = interface;
    observed.base = true;

    counters.hooks.resize(PM_MAX_HOOKS);
    counters.slots.resize(PM_MAX_SLOTS);
    counters.slots[5].packets[PM_EVALUATED] = 50;
    counters.slots[6].packets[PM_EVALUATED] = 60;
    counters.slots[7].packets[PM_EVALUATED] = 70;
    counters.hooks[kIndex * 2 + PM_INGRESS].packets[PM_SEEN] = 90;
    counters.hooks[kIndex * 2 + PM_EGRESS].packets[PM_SEEN] = 91;
  }

  static plan::Hook HookOf(std::vector<std::pair<std::uint64_t, std::uint32_t>> sessions) {
    plan::Hook hook;
    hook.value.n_sessions = static_cast<std::uint32_t>(sessions.size());
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      hook.value.session[i].key = sessions[i].first;
      hook.value.session[i].slot = sessions[i].second;
    }
    return hook;
  }

  View Join(const std::string& name = "veth0") const {
    return cli::Join(report, observed, counters, NamesOf(report, observed, [&name](std::uint32_t) { return name; }));
  }
};

const SourceView& SourceOf(const View& view, const ObjectKey& session) {
  for (const SessionView& item : view.sessions) {
    if (item.key == session) return item.sources.at(0);
  }
  throw std::out_of_range(session.ToString());
}

std::uint64_t Evaluated(const World& world, const ObjectKey& session, pm_direction direction) {
  const View view = world.Join();
  return TermOf(SourceOf(view, session).terms[direction], "evaluated");
}

TEST(Join, FindsTheCountersOfEachSessionAndDirection) {
  const World world;
  EXPECT_EQ(Evaluated(world, {"default", "web"}, PM_INGRESS), 50u);
  EXPECT_EQ(Evaluated(world, {"default", "web"}, PM_EGRESS), 70u);
  EXPECT_EQ(Evaluated(world, {"default", "all"}, PM_INGRESS), 60u);
}

TEST(Join, SessionThatIsNotInAHookCountsZero) {
  const View view = World().Join();
  const Terms& terms = SourceOf(view, {"default", "all"}).terms[PM_EGRESS];
  EXPECT_THAT(terms, testing::Not(IsEmpty()));
  for (const auto& [name, value] : terms) EXPECT_EQ(value, 0u) << name;
}

TEST(Join, SourceWithoutInterfaceOrSessionWithoutKeyCountsZero) {
  World no_interface;
  no_interface.report.ifindexes.clear();
  EXPECT_EQ(Evaluated(no_interface, {"default", "web"}, PM_INGRESS), 0u);
  World no_key;
  no_key.report.session_keys.clear();
  EXPECT_EQ(Evaluated(no_key, {"default", "web"}, PM_INGRESS), 0u);
}

TEST(Join, SlotOutOfRangeIsNotRead) {
  World world;
  world.counters.slots.resize(2);
  EXPECT_EQ(Evaluated(world, {"default", "web"}, PM_INGRESS), 0u);
}

TEST(Join, HookThatClaimsTooManySessionsIsReadToItsEnd) {
  World world;
  world.observed.interfaces[kIfindex].hooks[PM_INGRESS]->value.n_sessions = 1000;
  world.report.session_keys[{"default", "web"}] = 999;
  EXPECT_EQ(Evaluated(world, {"default", "web"}, PM_INGRESS), 0u);
}

TEST(Join, InterfacesHaveTheirNamesAndBothDirections) {
  const View view = World().Join();
  ASSERT_THAT(view.interfaces, SizeIs(1));
  EXPECT_EQ(view.interfaces[0].name, "veth0");
  EXPECT_EQ(TermOf(view.interfaces[0].terms[PM_INGRESS], "seen"), 90u);
  EXPECT_EQ(TermOf(view.interfaces[0].terms[PM_EGRESS], "seen"), 91u);
}

TEST(Join, VanishedInterfaceKeepsTheNameOfTheReport) {
  World world;
  EXPECT_EQ(world.Join("").interfaces.at(0).name, "veth0");
  world.report.ifindexes.clear();
  EXPECT_EQ(world.Join("").interfaces.at(0).name, "#17");
}

TEST(Join, InterfaceWithoutAnEntryIsNotCounted) {
  World world;
  world.observed.interfaces[kIfindex].entry.reset();
  EXPECT_THAT(world.Join().interfaces, IsEmpty());
}

TEST(Join, WordsThatUsersReadAreSums) {
  World world;
  pm_session_counters& c = world.counters.slots[5];
  c.packets[PM_SENT] = 3;
  c.packets[PM_SEGMENTED] = 4;
  c.bytes[PM_SENT] = 300;
  c.bytes[PM_SEGMENTED] = 400;
  c.segments[PM_SEGMENTS_OF_SEGMENTED] = 40;
  c.segments[PM_SEGMENTS_IN] = 38;
  c.segments[PM_SEGMENTS_SENT] = 37;
  c.segments[PM_SEGMENTS_DROPPED] = 1;
  c.segments[PM_SEGMENTS_OF_SENT] = 5;
  const View view = world.Join();
  const Terms& terms = SourceOf(view, {"default", "web"}).terms[PM_INGRESS];
  EXPECT_EQ(TermOf(terms, "mirrored"), 7u);
  EXPECT_EQ(TermOf(terms, "mirrored_bytes"), 700u);
  EXPECT_EQ(TermOf(terms, "backlog_drop"), 2u);
  EXPECT_EQ(TermOf(terms, "wire_sent"), 42u);
}

TEST(Join, SegmentsReadAfterWhatWasHandedOverAreNoHugeBacklog) {
  World world;
  world.counters.slots[5].segments[PM_SEGMENTS_IN] = 1;
  const View view = world.Join();
  EXPECT_EQ(TermOf(SourceOf(view, {"default", "web"}).terms[PM_INGRESS], "backlog_drop"), 0u);
}

// Every counter of the ABI reaches the term of its name, and no other.
TEST(Join, EachCounterHasItsOwnTerm) {
  const std::pair<int, std::string> names[] = {{PM_EVALUATED, "evaluated"},
                                               {PM_EXCLUDED, "excluded"},
                                               {PM_REJECTED, "rejected"},
                                               {PM_NO_MATCH, "no_match"},
                                               {PM_ACCEPTED, "accepted"},
                                               {PM_OVER_BUDGET, "over_budget"},
                                               {PM_DROP_NO_ENDPOINT, "drop_no_endpoint"},
                                               {PM_CLONE_FAILED, "clone_failed"},
                                               {PM_ENCAP_IN, "encap_in"},
                                               {PM_SENT, "sent"},
                                               {PM_SEGMENTED, "segmented"},
                                               {PM_DROP_TRUNCATE, "drop_truncate"},
                                               {PM_DROP_ENCAP, "drop_encap"},
                                               {PM_DROP_SEND, "drop_send"},
                                               {PM_MTU_TRUNCATED, "mtu_truncated"},
                                               {PM_CUT_LATE, "cut_late"}};
  static_assert(std::size(names) == PM_SESSION_TERMS);
  for (const auto& [term, name] : names) {
    World world;
    world.counters.slots[5] = {};
    world.counters.slots[5].packets[term] = 9;
    const View view = world.Join();
    std::set<std::string> counted;
    for (const auto& [key, value] : SourceOf(view, {"default", "web"}).terms[PM_INGRESS]) {
      if (value != 0) counted.emplace(key);
    }
    counted.erase("mirrored");
    EXPECT_THAT(counted, ElementsAre(name));
  }
}

TEST(Join, SessionsAreNamedForTheLaw) {
  const World world;
  const agent::Names names = NamesOf(world.report, world.observed, [](std::uint32_t) { return std::string("veth0"); });
  EXPECT_EQ(names.sessions.at(kWeb), "default/web");
  EXPECT_EQ(names.interfaces.at(kIfindex), "veth0");
}

TEST(StatusJson, HasTheShapeThatIsPromised) {
  const Json json = Json::parse(ToJson(World().Join()));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_THAT(keys, UnorderedElementsAre("sessions", "targets", "interfaces", "law"));
  EXPECT_EQ(json["law"], "ok");

  ASSERT_EQ(json["sessions"].size(), 2u);
  const Json& web = json["sessions"][1];
  EXPECT_EQ(web["namespace"], "default");
  EXPECT_EQ(web["name"], "web");
  EXPECT_EQ(web["vni"], 64);
  EXPECT_EQ(json["sessions"][0]["vni"], nullptr);
  EXPECT_EQ(web["conditions"], Json::parse(R"([
      {"type": "Programmed", "status": "True", "reason": "Programmed", "message": "fine"},
      {"type": "TargetReady", "status": "False", "reason": "NoEndpoints", "message": "none"}])"));
  const Json& source = web["sources"][0];
  EXPECT_EQ(source["namespace"], "default");
  EXPECT_EQ(source["pod"], "a");
  EXPECT_EQ(source["interface"], "veth0");
  EXPECT_EQ(source["reason"], "Mirroring");
  for (const char* direction : {"ingress", "egress"}) {
    for (const char* term :
         {"evaluated",     "excluded",    "accepted",         "rejected",      "no_match",         "sampled_out",
          "rate_limited",  "over_budget", "drop_no_endpoint", "clone_failed",  "sliced",           "encap_in",
          "sent",          "segmented",   "drop_truncate",    "drop_encap",    "drop_send",        "mirrored",
          "mtu_truncated", "cut_late",    "segments_in",      "segments_sent", "segments_dropped", "backlog_drop",
          "wire_sent"}) {
      EXPECT_TRUE(source[direction][term].is_number_unsigned()) << direction << " " << term;
    }
  }
  EXPECT_EQ(json["targets"], Json::parse(R"([{"namespace": "default", "name": "ids",
      "endpoints": [{"ip": "10.0.0.2", "port": 4789, "reason": "NoRoute"}]}])"));
  EXPECT_EQ(json["interfaces"], Json::parse(R"([{"name": "veth0",
      "ingress": {"seen": 90, "guarded": 0, "malformed": 0, "non_ip": 0, "unmatched": 0, "accepted_total": 0},
      "egress": {"seen": 91, "guarded": 0, "malformed": 0, "non_ip": 0, "unmatched": 0, "accepted_total": 0}}])"));
}

TEST(StatusJson, ViolationsOfTheLawAreAList) {
  View view;
  view.law = {"veth0 ingress: seen 2 is not 1"};
  EXPECT_EQ(Json::parse(ToJson(view))["law"], Json::parse(R"(["veth0 ingress: seen 2 is not 1"])"));
}

}  // namespace
}  // namespace podmirror::cli
