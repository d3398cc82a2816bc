#include "operator/decode/thin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/decode/node.h"

namespace podmirror::decode {
namespace {

using Rest = Shape::Rest;
using testing::HasSubstr;

std::string Thinned(std::string_view json, const Shape& shape) {
  const Result<std::string> thin = Thin(json, shape);
  return thin ? *thin : "error: " + thin.error().what;
}

TEST(Thin, KeepsTheMembersThatAreNamedAndNoOthers) {
  const Shape shape{{{"a"}, {"b", {{{"c"}}}}}};
  EXPECT_EQ(Thinned(R"({"x": 1, "a": {"x": [1, 2]}, "b": {"c": "v", "x": 2}, "y": null})", shape),
            R"({"a":{"x": [1, 2]},"b":{"c":"v"}})");
}

TEST(Thin, KeepsTheRestWhereItIsToldTo) {
  const Shape shape{{{"metadata", {{{"managedFields", {}, true}}, Rest::kKeep}}}, Rest::kKeep};
  EXPECT_EQ(Thinned(R"({"spec":{"a":1},"metadata":{"name":"x","managedFields":[{"f:a":{}}],"uid":"u"}})", shape),
            R"({"spec":{"a":1},"metadata":{"name":"x","uid":"u"}})");
}

TEST(Thin, KeepsKeysOfOurs) {
  const Shape shape{{}, Rest::kOurs};
  EXPECT_EQ(Thinned(R"({"podmirror.io/consent":"yes","kubectl/last":"{\"podmirror.io/x\":1}"})", shape),
            R"({"podmirror.io/consent":"yes"})");
}

TEST(Thin, AppliesAShapeToEachMapOfAList) {
  const Shape shape{{{"ip"}}};
  EXPECT_EQ(Thinned(R"([{"ip":"1","x":2}, "word", [{"x":1}], {"x":3}])", shape), R"([{"ip":"1"},"word",[{"x":1}],{}])");
}

TEST(Thin, BracketsAndQuotesInStringsAreText) {
  const Shape shape{{{"b"}}};
  EXPECT_EQ(Thinned(R"({"a":"}]\"{\\","b":"]}\\\"","c":["\"]"]})", shape), R"({"b":"]}\\\""})");
}

TEST(Thin, KeepsScalars) {
  for (const std::string_view text : {"1", "-1.5e3", "true", "null", "\"x\"", "{}", "[]"}) {
    EXPECT_EQ(Thinned(text, Shape{}), text);
  }
}

TEST(Thin, RefusesWhatDoesNotMatchUp) {
  const Shape shape{{{"a"}}};
  for (const std::string_view text :
       {"", "  ", "{", "[1", R"({"a)", R"({"a":)", R"({"a":1)", R"({"a":1,})", R"({"a" 1})", R"({"a":1}})",
        R"({"a":1} x)", R"({a:1})", R"({"a":"\")", "[1,]", ",", R"({"a":]})"}) {
    EXPECT_THAT(Thinned(text, shape), HasSubstr("not valid JSON")) << text;
  }
}

// Deep brackets are counted, not recursed into.
TEST(Thin, SkipsAnyDepth) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(Thinned("{\"x\":" + deep + ",\"a\":1}", {{{"a"}}}), R"({"a":1})");
  EXPECT_EQ(Thinned(deep, {{{"a"}}}).size(), deep.size());
}

TEST(Split, GivesMembersAndItemsAsTheyAreWritten) {
  const std::string_view map = R"( {"type" : "ADDED", "object":{"a": [1, "}"]} } )";
  const Result<std::vector<Part>> members = Split(map);
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ(members->at(0).key, "type");
  EXPECT_EQ(members->at(0).value, "\"ADDED\"");
  EXPECT_EQ(members->at(1).key, "object");
  EXPECT_EQ(members->at(1).value, R"({"a": [1, "}"]})");

  const Result<std::vector<Part>> items = Split(R"([{"a":1}, 2,"x" ])");
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ(items->at(0).value, R"({"a":1})");
  EXPECT_EQ(items->at(2).value, "\"x\"");
}

TEST(Split, RefusesWhatIsNeitherMapNorList) {
  for (const std::string_view text : {"", "1", "\"x\"", "{\"a\":1", "[1] 2"}) EXPECT_FALSE(Split(text)) << text;
  EXPECT_TRUE(Split("{}")->empty());
  EXPECT_TRUE(Split("[ ]")->empty());
}

}  // namespace
}  // namespace podmirror::decode
