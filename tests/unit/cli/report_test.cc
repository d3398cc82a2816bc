#include "cli/report.h"

#include <gtest/gtest.h>

#include "node-agent/plan/plan.h"

namespace podmirror::cli {
namespace {

Report Sample() {
  Report report;
  status::SessionStatus session;
  session.vni = *Vni::Make(64);
  session.selected = 2;
  session.mirroring = 1;
  session.failed = 1;
  session.nodes = 1;
  session.sources = {{{"default", "a"}, "local", "veth0", "Mirroring", ""},
                     {{"default", "b"}, "local", "", "InterfaceNotFound", "no interface veth9"}};
  session.conditions = {{"Accepted", true, "Accepted", ""},
                        {"Programmed", false, "PartlyProgrammed", "pod default/b: no interface veth9"}};
  report.status.sessions[{"default", "web"}] = session;
  report.status.sessions[{"default", "without-vni"}] = {};
  status::TargetStatus target;
  target.ready = 1;
  target.total = 2;
  target.sessions = 1;
  target.endpoints = {{{*IpAddress::Parse("fd00::1"), 4789}, "Ready", ""},
                      {{*IpAddress::Parse("10.0.0.2"), 4789}, "NoRoute", "no route"}};
  target.conditions = {{"Ready", true, "Ready", ""}};
  report.status.targets[{"default", "ids"}] = target;
  report.status.filters[{"default", "all"}] = {3, {{"Accepted", true, "Accepted", ""}}};
  report.session_keys[{"default", "web"}] = 0xfedcba9876543210;
  report.ifindexes[{"default", "a"}] = 17;
  return report;
}

TEST(Report, ComesBackAsItWasPublished) {
  const Result<Report> read = DecodeReport(Encode(Sample()));
  ASSERT_TRUE(read.has_value()) << Describe(read.error());
  EXPECT_EQ(*read, Sample());
}

TEST(Report, EqualReportsAreEqualBytes) { EXPECT_EQ(Encode(Sample()), Encode(Sample())); }

TEST(Report, AnythingElseIsRefusedWithWhatToDo) {
  for (const char* text : {"", "{", "[]", "{}", "null", R"({"version":2})", R"({"version":1,"sessions":[{}]})",
                           R"({"version":1,"sessions":7,"targets":[],"filters":[],"interfaces":[]})"}) {
    const Result<Report> read = DecodeReport(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_NE(read.error().fix, "");
  }
}

TEST(Report, BytesThatAreNoUtf8DoNotCostTheReport) {
  Report report = Sample();
  report.status.sessions[{"default", "web"}].conditions[0].message = "\xff";
  EXPECT_TRUE(DecodeReport(Encode(report)).has_value());
}

TEST(Report, JoinsOnlyWhatIsDesiredAndThere) {
  DesiredState desired;
  DesiredSession session;
  session.key = {"default", "web"};
  session.vni = *Vni::Make(7);
  desired.sessions = {session};
  DesiredSource here;
  here.pod = {"default", "a"};
  DesiredSource gone;
  gone.pod = {"default", "b"};
  desired.sources = {here, gone};
  pods::PodLinks links;
  links[{"default", "a"}].ifindex = 17;
  links[{"default", "b"}].reason = "InterfaceNotFound";
  links[{"default", "c"}].ifindex = 18;

  const Report report = MakeReport({}, desired, links);
  EXPECT_EQ(report.session_keys, (std::map<ObjectKey, std::uint64_t>{{session.key, plan::SessionKey(session)}}));
  EXPECT_EQ(report.ifindexes, (std::map<ObjectKey, std::uint32_t>{{{"default", "a"}, 17}}));
}

}  // namespace
}  // namespace podmirror::cli
