// Counters that obey the law, and every way to break it.
#include "node-agent/stats/law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::stats {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kFrame = 100;  // bytes of every frame here

void SetTerm(SessionCount& session, pm_session_term term, std::uint64_t packets) {
  session.counters.packets[term] = packets;
  session.counters.bytes[term] = packets * kFrame;
}

// 100 seen: 5 guarded, 2 malformed, 3 non_ip; of 90 the first session accepts 40 and the second 20.
HookCount Lawful() {
  HookCount hook;
  hook.name = "veth1 egress";
  hook.complete = true;
  auto& packets = hook.counters.packets;
  packets[PM_SEEN] = 100;
  packets[PM_GUARDED] = 5;
  packets[PM_MALFORMED] = 2;
  packets[PM_NON_IP] = 3;
  packets[PM_UNMATCHED] = 30;
  packets[PM_ACCEPTED_TOTAL] = 60;

  SessionCount first;
  first.name = "shop/web";
  SetTerm(first, PM_EVALUATED, 90);
  SetTerm(first, PM_EXCLUDED, 10);
  SetTerm(first, PM_REJECTED, 15);
  SetTerm(first, PM_NO_MATCH, 25);
  SetTerm(first, PM_ACCEPTED, 40);
  SetTerm(first, PM_OVER_BUDGET, 1);
  SetTerm(first, PM_DROP_NO_ENDPOINT, 2);
  SetTerm(first, PM_CLONE_FAILED, 3);
  SetTerm(first, PM_ENCAP_IN, 34);
  SetTerm(first, PM_SENT, 20);
  SetTerm(first, PM_SEGMENTED, 8);
  SetTerm(first, PM_DROP_TRUNCATE, 1);
  SetTerm(first, PM_DROP_ENCAP, 2);
  SetTerm(first, PM_DROP_SEND, 3);
  SetTerm(first, PM_MTU_TRUNCATED, 7);
  SetTerm(first, PM_CUT_LATE, 4);
  first.counters.segments[PM_SEGMENTS_OF_SEGMENTED] = 80;
  first.counters.segments[PM_SEGMENTS_IN] = 78;
  first.counters.segments[PM_SEGMENTS_SENT] = 70;
  first.counters.segments[PM_SEGMENTS_DROPPED] = 8;
  first.counters.segments[PM_SEGMENTS_OF_SENT] = 25;

  SessionCount second;
  second.name = "shop/dns";
  second.chained = true;
  SetTerm(second, PM_EVALUATED, 50);
  SetTerm(second, PM_NO_MATCH, 30);
  SetTerm(second, PM_ACCEPTED, 20);
  SetTerm(second, PM_ENCAP_IN, 20);
  SetTerm(second, PM_SENT, 20);

  hook.sessions = {first, second};
  return hook;
}

TEST(Law, HoldsForLawfulCounters) {
  EXPECT_THAT(CheckLaw({Lawful()}), IsEmpty());
  EXPECT_THAT(CheckLaw({Lawful()}, {Lawful()}), IsEmpty());
  EXPECT_THAT(CheckLaw({HookCount{}}), IsEmpty());
  EXPECT_THAT(CheckLaw({}), IsEmpty());
}

TEST(Law, SaysInFullWhichNumbersDisagree) {
  HookCount hook = Lawful();
  hook.counters.packets[PM_SEEN] = 101;
  EXPECT_THAT(CheckLaw({hook}),
              ElementsAre("veth1 egress: seen 101 is not guarded 5 + malformed 2 + non_ip 3 + unmatched 30 + "
                          "accepted_total 60 = 100 (packets)"));
}

TEST(Law, IsBrokenByEveryInterfaceTermThatIsOff) {
  for (int term = 0; term < PM_INTERFACE_TERMS; ++term) {
    HookCount hook = Lawful();
    ++hook.counters.packets[term];
    EXPECT_THAT(CheckLaw({hook}), Contains(HasSubstr("veth1 egress: seen"))) << term;
  }
}

TEST(Law, IsBrokenByEverySessionTermThatIsOffInPacketsOrBytes) {
  for (int term = 0; term < PM_MTU_TRUNCATED; ++term) {
    HookCount hook = Lawful();
    ++hook.sessions[1].counters.packets[term];
    EXPECT_THAT(CheckLaw({hook}), Contains(AllOf(HasSubstr("session shop/dns"), HasSubstr("(packets)")))) << term;
    hook = Lawful();
    --hook.sessions[0].counters.bytes[term];
    EXPECT_THAT(CheckLaw({hook}), Contains(AllOf(HasSubstr("session shop/web"), HasSubstr("(bytes)")))) << term;
  }
}

TEST(Law, LeavesOutWhatStandsBesideIt) {
  HookCount hook = Lawful();
  for (pm_session_term term : {PM_MTU_TRUNCATED, PM_CUT_LATE}) SetTerm(hook.sessions[0], term, 1000);
  hook.sessions[0].counters.segments[PM_SEGMENTS_OF_SENT] = 1000;
  EXPECT_THAT(CheckLaw({hook}), IsEmpty());
}

TEST(Law, ChainsASessionToTheOneBeforeOnlyWhereItIsChained) {
  HookCount hook = Lawful();
  SetTerm(hook.sessions[1], PM_EVALUATED, 51);
  SetTerm(hook.sessions[1], PM_NO_MATCH, 31);
  EXPECT_THAT(CheckLaw({hook}), ElementsAre("veth1 egress, session shop/dns: evaluated 51 is not excluded 10 + "
                                            "rejected 15 + no_match 25 = 50 (packets) of the session before, shop/web",
                                            AllOf(HasSubstr("evaluated 5100"), HasSubstr("(bytes)"))));
  hook.sessions[1].chained = false;
  EXPECT_THAT(CheckLaw({hook}), IsEmpty());
  hook.sessions[0].chained = true;
  EXPECT_THAT(CheckLaw({hook}), IsEmpty()) << "the first has none before it";
}

TEST(Law, SumsTheSessionsOnlyWhereTheHookIsComplete) {
  HookCount hook = Lawful();
  hook.sessions.pop_back();
  EXPECT_THAT(CheckLaw({hook}),
              ElementsAre("veth1 egress: accepted_total 60 is not accepted over all sessions 40 (packets)"));
  hook.complete = false;
  EXPECT_THAT(CheckLaw({hook}), IsEmpty());
}

TEST(Law, CountsSegmentsThatComeOutOfTheSegmenter) {
  HookCount hook = Lawful();
  hook.sessions[0].counters.segments[PM_SEGMENTS_DROPPED] = 7;
  EXPECT_THAT(CheckLaw({hook}), ElementsAre(HasSubstr("segments_in 78 is not segments_sent 70 + segments_dropped 7")));
  hook = Lawful();
  hook.sessions[0].counters.segments[PM_SEGMENTS_OF_SEGMENTED] = 77;
  EXPECT_THAT(CheckLaw({hook}), ElementsAre(HasSubstr("segments_in 78 is more than segments_of_segmented 77")));
  hook.sessions[0].counters.segments[PM_SEGMENTS_OF_SEGMENTED] = 78;
  EXPECT_THAT(CheckLaw({hook}), IsEmpty());
}

TEST(Law, CountsAViolationOnlyInWhatIsEqualInBothReadings) {
  HookCount broken = Lawful();
  broken.counters.packets[PM_SEEN] = 99;
  EXPECT_THAT(CheckLaw({broken}, {broken}), SizeIs(1));

  HookCount moving = broken;
  moving.counters.packets[PM_UNMATCHED] = 29;
  EXPECT_THAT(CheckLaw({moving}, {broken}), IsEmpty());
  moving = broken;
  moving.sessions[1].counters.bytes[PM_SENT] = 1;
  EXPECT_THAT(CheckLaw({moving}, {broken}), IsEmpty());
  moving = broken;
  moving.sessions[1].chained = false;
  EXPECT_THAT(CheckLaw({moving}, {broken}), IsEmpty()) << "the hook has been replaced in between";
  moving = broken;
  moving.complete = false;
  EXPECT_THAT(CheckLaw({moving}, {broken}), IsEmpty());

  EXPECT_THAT(CheckLaw({}, {broken}), IsEmpty()) << "new";
  EXPECT_THAT(CheckLaw({broken}, {}), IsEmpty()) << "gone";
}

TEST(Law, JudgesAHookAtRestBesideABusyOne) {
  HookCount broken = Lawful();
  broken.counters.packets[PM_SEEN] = 99;
  HookCount busy = broken;
  busy.name = "veth2 egress";
  HookCount busier = busy;
  busier.counters.packets[PM_SEEN] = 98;
  EXPECT_THAT(CheckLaw({busy, broken}, {broken, busier}), ElementsAre(HasSubstr("veth1 egress: seen 99")));
}

TEST(Counters, HaveTheNamesOfTheLaw) {
  EXPECT_EQ(NameOf(PM_SEEN), "seen");
  EXPECT_EQ(NameOf(PM_ACCEPTED_TOTAL), "accepted_total");
  EXPECT_EQ(NameOf(PM_EVALUATED), "evaluated");
  EXPECT_EQ(NameOf(PM_ACCEPTED), "accepted");
  EXPECT_EQ(NameOf(PM_CLONE_FAILED), "clone_failed");
  EXPECT_EQ(NameOf(PM_DROP_TRUNCATE), "drop_truncate");
  EXPECT_EQ(NameOf(PM_CUT_LATE), "cut_late");
  EXPECT_EQ(NameOf(PM_SEGMENTS_OF_SEGMENTED), "segments_of_segmented");
  EXPECT_EQ(NameOf(PM_SEGMENTS_OF_SENT), "segments_of_sent");
}

TEST(Counters, AddUpTermByTerm) {
  const HookCount hook = Lawful();
  pm_session_counters sum = hook.sessions[0].counters;
  Add(sum, hook.sessions[1].counters);
  EXPECT_EQ(sum.packets[PM_ACCEPTED], 60u);
  EXPECT_EQ(sum.bytes[PM_SENT], 40u * kFrame);
  EXPECT_EQ(sum.segments[PM_SEGMENTS_IN], 78u);
  pm_interface_counters interfaces = hook.counters;
  Add(interfaces, hook.counters);
  EXPECT_EQ(interfaces.packets[PM_SEEN], 200u);
}

TEST(Counters, GiveTheWordsThatUsersRead) {
  const pm_session_counters counters = Lawful().sessions[0].counters;
  EXPECT_EQ(Mirrored(counters), 28u);
  EXPECT_EQ(WireSent(counters), 95u);
  EXPECT_EQ(BacklogDrop(counters), 2u);
  pm_session_counters late{};
  late.segments[PM_SEGMENTS_IN] = 1;
  EXPECT_EQ(BacklogDrop(late), 0u);
}

}  // namespace
}  // namespace podmirror::stats
