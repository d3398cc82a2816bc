#include "operator/status/difference.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace podmirror::status {
namespace {

using Json = nlohmann::json;

const Instant kNow = ParseInstant("2026-11-24T11:00:00.750Z").value();

std::string WantedText(const std::string& status = "True", const std::string& message = "m", int sessions = 2) {
  return R"({"conditions":[{"message":")" + message + R"(","observedGeneration":3,"reason":"Accepted","status":")" +
         status + R"(","type":"Accepted"}],"observedGeneration":3,"sessions":)" + std::to_string(sessions) + "}";
}

// As the API server shows it after the first write.
std::string KnownText() {
  Json json = Json::parse(WantedText());
  json["conditions"][0]["lastTransitionTime"] = "2026-01-01T00:00:00Z";
  return json.dump();
}

std::string Since(const std::optional<std::string>& status, std::size_t condition = 0) {
  return Json::parse(status.value())["conditions"][condition]["lastTransitionTime"].get<std::string>();
}

TEST(Difference, EqualStatusIsNotWritten) { EXPECT_EQ(Difference(KnownText(), WantedText(), kNow), std::nullopt); }

TEST(Difference, WithoutAStatusAllIsWrittenAndStampedInWholeSeconds) {
  const auto status = Difference("", WantedText(), kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(Since(status), "2026-11-24T11:00:00Z");
  EXPECT_EQ(Json::parse(*status)["sessions"], 2);
}

TEST(Difference, AnotherCountIsWrittenAndTheTimeKept) {
  const auto status = Difference(KnownText(), WantedText("True", "m", 3), kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(Since(status), "2026-01-01T00:00:00Z");
}

TEST(Difference, AnotherMessageIsWrittenAndTheTimeKept) {
  const auto status = Difference(KnownText(), WantedText("True", "other"), kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(Since(status), "2026-01-01T00:00:00Z");
}

TEST(Difference, AnotherStatusIsStampedAnew) {
  const auto status = Difference(KnownText(), WantedText("False"), kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(Since(status), "2026-11-24T11:00:00Z");
}

TEST(Difference, AnotherGenerationIsWritten) {
  Json json = Json::parse(WantedText());
  json["observedGeneration"] = 4;
  EXPECT_TRUE(Difference(KnownText(), json.dump(), kNow));
}

TEST(Difference, TheOrderOfConditionsSaysNothing) {
  Json known = Json::parse(KnownText());
  Json wanted = Json::parse(WantedText());
  Json ready = {{"type", "Ready"}, {"status", "True"}};
  wanted["conditions"].push_back(ready);
  ready["lastTransitionTime"] = "2026-01-01T00:00:00Z";
  known["conditions"].insert(known["conditions"].begin(), ready);
  EXPECT_EQ(Difference(known.dump(), wanted.dump(), kNow), std::nullopt);
}

TEST(Difference, AConditionOfSomebodyElseIsLeftAlone) {
  Json known = Json::parse(KnownText());
  known["conditions"].push_back({{"type", "Audited"}, {"status", "True"}, {"lastTransitionTime", "x"}});
  EXPECT_EQ(Difference(known.dump(), WantedText(), kNow), std::nullopt);
}

TEST(Difference, AConditionThatIsMissingIsWritten) {
  Json known = Json::parse(KnownText());
  known["conditions"] = Json::array();
  EXPECT_TRUE(Difference(known.dump(), WantedText(), kNow));
}

TEST(Difference, AFieldThatShallGoIsADifference) {
  Json known = Json::parse(KnownText());
  known["virtualNetworkID"] = 64;
  EXPECT_TRUE(Difference(known.dump(), WantedText(), kNow));
}

TEST(Difference, AStatusThatNobodyCanReadIsReplaced) {
  for (const std::string known : {"[]", "{", "null", R"({"conditions":7})", R"({"conditions":[7,{"type":9}]})"}) {
    EXPECT_TRUE(Difference(known, WantedText(), kNow)) << known;
  }
}

TEST(UndeclaredFields, AreNamedWithoutIndices) {
  EXPECT_EQ(UndeclaredFields(
                "failed to create typed patch object (lab/short; podmirror.io/v1alpha1, Kind=TrafficMirrorSession): "
                ".status.noSuch: field not declared in schema"),
            (std::set<std::string>{"noSuch"}));
  EXPECT_EQ(UndeclaredFields("failed to create typed patch object (a): errors:\n"
                             "  .status.sources.held: field not declared in schema\n"
                             "  .status.failures[0].node: field not declared in schema\n"
                             "  .status.conditions[type=\"Accepted\"].since: field not declared in schema"),
            (std::set<std::string>{"sources.held", "failures.node", "conditions.since"}));
}

TEST(UndeclaredFields, AnyOtherMessageNamesNone) {
  EXPECT_TRUE(UndeclaredFields("etcdserver: request timed out").empty());
  EXPECT_TRUE(UndeclaredFields(".spec.x: field not declared in schema").empty());
}

TEST(Without, TakesFieldsOutOfObjectsAndOfEachItemOfAList) {
  EXPECT_EQ(Without(R"({"a":{"b":1,"c":2},"l":[{"x":1,"y":2},{"x":3}],"z":1})", {"a.b", "l.x", "z", "no.such"}),
            R"({"a":{"c":2},"l":[{"y":2},{}]})");
}

}  // namespace
}  // namespace podmirror::status
