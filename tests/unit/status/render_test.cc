#include "operator/status/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace podmirror::status {
namespace {

using Json = nlohmann::json;

const ObjectKey kTap{"shop", "tap"};

SessionStatus Session() {
  SessionStatus status;
  status.vni = Vni::Make(64).value();
  status.selected = 2;
  status.mirroring = 1;
  status.failed = 1;
  status.nodes = 2;
  status.sources = {{{"shop", "a"}, "n1", "veth1", "Mirroring", ""},
                    {{"shop", "b"}, "n2", "", "HostNetwork", "it has no interface of its own"}};
  status.conditions = {{"Accepted", true, "Accepted", "the session is valid"},
                       {"Programmed", false, "PartlyProgrammed", "1 of 2"}};
  return status;
}

Json Rendered(const SessionStatus& status) { return Json::parse(Render(kTap, status, 3)); }

SessionStatus WithFailure(const SourceStatus& source) {
  SessionStatus status = Session();
  status.sources = {source};
  return status;
}

TEST(Render, ASessionsStatusIsThatOfTheCrd) {
  EXPECT_EQ(
      Render(kTap, Session(), 3),
      R"({"conditions":[)"
      R"({"message":"the session is valid","observedGeneration":3,"reason":"Accepted","status":"True","type":"Accepted"},)"
      R"({"message":"1 of 2","observedGeneration":3,"reason":"PartlyProgrammed","status":"False","type":"Programmed"}],)"
      R"("failures":[{"message":"it has no interface of its own","node":"n2","pod":"b","reason":"HostNetwork"}],)"
      R"("nodes":2,"observedGeneration":3,"sources":{"failed":1,"mirroring":1,"selected":2},"virtualNetworkID":64})");
}

TEST(Render, ATargetsStatusIsThatOfTheCrd) {
  const TargetStatus status{3, 4, 7, {}, {{"Ready", true, "Ready", "3 of 4"}}};
  EXPECT_EQ(
      Render(status, 1),
      R"({"conditions":[{"message":"3 of 4","observedGeneration":1,"reason":"Ready","status":"True","type":"Ready"}],)"
      R"("endpoints":{"ready":3,"total":4},"observedGeneration":1,"sessions":7})");
}

TEST(Render, AFiltersStatusIsThatOfTheCrd) {
  const FilterStatus status{2, {{"Accepted", false, "BadCIDR", "m"}}};
  EXPECT_EQ(
      Render(status, 5),
      R"({"conditions":[{"message":"m","observedGeneration":5,"reason":"BadCIDR","status":"False","type":"Accepted"}],)"
      R"("observedGeneration":5,"sessions":2})");
}

TEST(Render, WhatIsAbsentHasNoField) {
  SessionStatus status;
  const Json json = Rendered(status);
  EXPECT_FALSE(json.contains("virtualNetworkID"));
  EXPECT_FALSE(json.contains("failures"));
  EXPECT_EQ(json["sources"]["selected"], 0);
}

TEST(Render, OfElevenFailuresTenAreShown) {
  SessionStatus status = Session();
  status.sources.clear();
  for (int i = 0; i < 11; ++i) status.sources.push_back({{"shop", "p" + std::to_string(i)}, "n", "", "Sealed", ""});
  const Json json = Rendered(status);
  ASSERT_EQ(json["failures"].size(), 10U);
  EXPECT_EQ(json["failures"][0]["pod"], "p0");
}

TEST(Render, FinishedAndMirroredPodsAreNoFailures) {
  SessionStatus status = Session();
  status.sources = {{{"shop", "a"}, "n", "", "Mirroring", ""}, {{"shop", "b"}, "n", "", "PodFinished", ""}};
  EXPECT_FALSE(Rendered(status).contains("failures"));
}

TEST(Render, APodOfAnotherNamespaceIsNamedWithIt) {
  EXPECT_EQ(Rendered(WithFailure({{"bank", "a"}, "n", "", "Sealed", ""}))["failures"][0]["pod"], "bank/a");
}

TEST(Render, ALongMessageIsCutToWhatTheCrdAdmits) {
  SessionStatus status = WithFailure({{"shop", "a"}, "n", "", "Sealed", std::string(2000, 'x')});
  status.conditions[0].message = std::string(40'000, 'x');
  const Json json = Rendered(status);
  EXPECT_EQ(json["conditions"][0]["message"].get<std::string>().size(), 32'768U);
  EXPECT_EQ(json["failures"][0]["message"].get<std::string>().size(), 1'024U);
  EXPECT_TRUE(json["failures"][0]["message"].get<std::string>().ends_with("x..."));
}

TEST(Render, ACutDoesNotSplitACharacter) {
  std::string text = "x";
  while (text.size() < 3000) text += "\xe2\x82\xac";
  const Json json = Rendered(WithFailure({{"shop", "a"}, "n", "", "Sealed", text}));
  const auto cut = json["failures"][0]["message"].get<std::string>();
  EXPECT_EQ(cut.find("\xef\xbf\xbd"), std::string::npos);
  EXPECT_LE(cut.size(), 1'024U);
  EXPECT_GE(cut.size(), 1'020U);
}

TEST(Render, AReasonThatTheCrdWouldRefuseIsUnknown) {
  for (const std::string bad : {"", "two words", "1st", "Ends:", "a-b", "\xc3\xb6"}) {
    SessionStatus status = WithFailure({{"shop", "a"}, "n", "", bad.empty() ? " " : bad, ""});
    status.conditions[0].reason = bad;
    const Json json = Rendered(status);
    EXPECT_EQ(json["conditions"][0]["reason"], "Unknown") << bad;
    EXPECT_EQ(json["failures"][0]["reason"], "Unknown") << bad;
  }
  SessionStatus status = WithFailure({{"shop", "a"}, "n", "", std::string(65, 'R'), ""});
  status.conditions[0].reason = std::string(65, 'R');
  EXPECT_EQ(Rendered(status)["failures"][0]["reason"], "Unknown");
  EXPECT_EQ(Rendered(status)["conditions"][0]["reason"], std::string(65, 'R'));
}

TEST(Render, HostileTextOfANodeStaysText) {
  const Json json = Rendered(WithFailure({{"shop", "a"}, "n", "", "Sealed", "a\x1b[31m\n\"}\xff"}));
  EXPECT_EQ(json["failures"][0]["message"], "a [31m \"}\xef\xbf\xbd");
}

}  // namespace
}  // namespace podmirror::status
