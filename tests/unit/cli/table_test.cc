#include "cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

status::SessionStatus Well() {
  status::SessionStatus session;
  session.vni = *Vni::Make(64);
  session.selected = 3;
  session.mirroring = 3;
  session.conditions = {{"Accepted", true, "Accepted", ""},
                        {"ResolvedRefs", true, "ResolvedRefs", ""},
                        {"Programmed", true, "Programmed", ""},
                        {"TargetReady", true, "Ready", ""}};
  session.sources = {{{"default", "a"}, "local", "veth0", "Mirroring", ""}};
  return session;
}

status::Status With(status::SessionStatus session) {
  status::Status status;
  status.sessions[{"default", "web"}] = std::move(session);
  return status;
}

std::vector<std::string> Texts(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) texts.push_back(line.text);
  return texts;
}

TEST(Table, ColumnsAreAlignedWithoutTrailingBlanks) {
  EXPECT_EQ(Align({{"A", "LONG", "C"}, {"aaaa", "b", "c"}}), "A     LONG  C\naaaa  b     c\n");
}

TEST(Table, CellsCannotBreakTheTable) { EXPECT_EQ(Align({{"a\nb", "c"}}), "a\\x0ab  c\n"); }

TEST(VerdictTable, NamesObjectsAndTheirConditions) {
  status::Status status = With(Well());
  status.targets[{"default", "ids"}] = {1, 2, 1, {}, {{"Ready", true, "Ready", ""}}};
  status.filters[{"default", "all"}] = {1, {{"Accepted", true, "Accepted", ""}}};
  const std::string table = VerdictTable(status);
  EXPECT_THAT(table, AllOf(HasSubstr("default/web"), HasSubstr("64"),
                           HasSubstr("Accepted, ResolvedRefs, Programmed, TargetReady"), HasSubstr("default/ids"),
                           HasSubstr("default/all")));
  EXPECT_THAT(table, Not(HasSubstr("To look at")));
}

TEST(VerdictTable, SaysWhatIsWrongAndWhere) {
  status::SessionStatus session = Well();
  session.conditions[1] = {"ResolvedRefs", false, "FilterNotFound", "no filter default/webb"};
  session.sources.push_back({{"default", "b"}, "local", "", "InterfaceNotFound", "no interface veth9"});
  status::Status status = With(session);
  status.targets[{"default", "ids"}].endpoints = {{{*IpAddress::Parse("10.0.0.2"), 4789}, "NoRoute", "no route"}};
  EXPECT_THAT(VerdictTable(status),
              AllOf(HasSubstr("not ResolvedRefs"),
                    HasSubstr("session default/web: ResolvedRefs False: FilterNotFound: no filter default/webb"),
                    HasSubstr("session default/web, pod default/b: InterfaceNotFound: no interface veth9"),
                    HasSubstr("target default/ids, endpoint 10.0.0.2:4789: NoRoute: no route")));
}

TEST(VerdictTable, TrueWithAnotherReasonIsToldToo) {
  status::SessionStatus session = Well();
  session.conditions[0] = {"Accepted", true, "PriorityTie", "number 1 is also default/other"};
  EXPECT_THAT(VerdictTable(With(session)), HasSubstr("Accepted: PriorityTie: number 1 is also default/other"));
}

TEST(VerdictTable, OfNothingSaysSo) { EXPECT_EQ(VerdictTable({}), "No sessions, targets or filters.\n"); }

TEST(StatusTable, CountsSeenMirroredAndWhyNot) {
  View view;
  SourceView source{{"default", "a"}, "veth0", "Mirroring", "", {}};
  source.terms[0] = {{"evaluated", 10}, {"mirrored", 6}, {"excluded", 3}, {"over_budget", 1}, {"rejected", 0}};
  source.terms[1] = {{"evaluated", 5}, {"mirrored", 5}, {"mtu_truncated", 2}};
  view.sessions = {{{"default", "web"}, Well(), {source}}};
  InterfaceView interface{"veth0", {}};
  interface.terms[0] = {{"seen", 11}, {"guarded", 1}};
  view.interfaces = {interface};
  const std::string table = StatusTable(view);
  EXPECT_THAT(table,
              HasSubstr("default/web  default/a  veth0      ingress    10    6         excluded 3, over_budget 1\n"));
  EXPECT_THAT(table, HasSubstr("egress     5     5         - (mirrored, but mtu_truncated 2)\n"));
  EXPECT_THAT(table, AllOf(HasSubstr("GUARDED"), HasSubstr("\nlaw: ok\n")));
}

TEST(StatusTable, PrintsEveryViolationOfTheLaw) {
  View view;
  view.law = {"one", "two"};
  EXPECT_THAT(StatusTable(view), HasSubstr("law: violated\n  one\n  two\n"));
}

TEST(Lines, ASessionThatWorksSaysHowManyPodsMirror) {
  EXPECT_THAT(Texts(Changes({}, Lines(With(Well())))),
              ElementsAre("session default/web: Programmed (3 of 3 pods mirroring)"));
}

TEST(Lines, ASessionThatDoesNotWorkIsAWarningWithItsFirstFault) {
  status::SessionStatus session = Well();
  session.conditions[1] = {"ResolvedRefs", false, "FilterNotFound", "no filter default/webb"};
  session.conditions[2] = {"Programmed", false, "NotResolved", "see ResolvedRefs"};
  const std::vector<Line> lines = Changes({}, Lines(With(session)));
  ASSERT_THAT(Texts(lines), ElementsAre("session default/web: FilterNotFound: no filter default/webb"));
  EXPECT_EQ(lines[0].level, Level::kWarning);
}

TEST(Lines, ASessionThatFailsInPartLeavesTheReasonsToItsSources) {
  status::SessionStatus session = Well();
  session.mirroring = 2;
  session.conditions[2] = {"Programmed", false, "PartlyProgrammed", "1 of 3 selected pods not mirrored: ..."};
  session.sources.push_back({{"default", "b"}, "local", "", "InterfaceNotFound", "no interface veth9"});
  EXPECT_THAT(Texts(Changes({}, Lines(With(session)))),
              ElementsAre("session default/web: PartlyProgrammed (2 of 3 pods mirroring)",
                          "session default/web, pod default/b: InterfaceNotFound: no interface veth9"));
  EXPECT_THAT(VerdictTable(With(session)), Not(HasSubstr("1 of 3 selected pods")));
}

TEST(Lines, PausedIsAsItWasWanted) {
  status::SessionStatus session = Well();
  session.conditions[2] = {"Programmed", false, "Paused", ""};
  EXPECT_EQ(Changes({}, Lines(With(session))).at(0).level, Level::kInfo);
}

TEST(Lines, NothingIsSaidWhereNothingChanged) {
  const auto lines = Lines(With(Well()));
  EXPECT_THAT(Changes(lines, lines), IsEmpty());
}

TEST(Lines, AnObjectThatGoesIsSaidOnce) {
  EXPECT_THAT(Texts(Changes(Lines(With(Well())), {})), ElementsAre("session default/web: gone"));
}

TEST(Lines, ASourceIsSaidWhenItFailsAndWhenItIsWellAgain) {
  status::SessionStatus failing = Well();
  failing.sources[0] = {{"default", "a"}, "local", "", "InterfaceNotFound", "no interface veth0"};
  const auto well = Lines(With(Well()));
  const auto bad = Lines(With(failing));
  EXPECT_THAT(Texts(Changes(well, bad)),
              ElementsAre("session default/web, pod default/a: InterfaceNotFound: no interface veth0"));
  EXPECT_THAT(Texts(Changes(bad, well)), ElementsAre("session default/web, pod default/a: Mirroring on veth0"));
}

TEST(Lines, TargetsAndFiltersHaveTheirs) {
  status::Status status;
  status.targets[{"default", "ids"}] = {1, 2, 1, {}, {{"Ready", true, "Ready", ""}}};
  status.targets[{"default", "none"}] = {0, 0, 0, {}, {{"Ready", false, "NoEndpoints", "no pod is ready"}}};
  status.filters[{"default", "all"}] = {1, {{"Accepted", true, "Accepted", ""}}};
  status.filters[{"default", "bad"}] = {0, {{"Accepted", false, "BadCIDR", "write 10.0.0.0/8"}}};
  EXPECT_THAT(
      Texts(Changes({}, Lines(status))),
      ElementsAre("filter default/all: Accepted (used by 1 session)", "filter default/bad: BadCIDR: write 10.0.0.0/8",
                  "target default/ids: Ready (1 of 2 endpoints)", "target default/none: NoEndpoints: no pod is ready"));
}

}  // namespace
}  // namespace podmirror::cli
