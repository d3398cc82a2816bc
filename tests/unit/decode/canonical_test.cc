#include <gtest/gtest.h>

#include <variant>

#include "operator/decode/canonical.h"
#include "operator/decode/decode.h"

namespace podmirror::decode {
namespace {

std::string Canonical(std::string_view json) { return CanonicalJson(ReadJson(json).value()); }

TEST(CanonicalJson, SortsKeysByBytesAtEveryDepthAndDropsBlanks) {
  EXPECT_EQ(Canonical(R"({"b": {"z": 1, "B": 2}, "a": [ {"y": null, "x": true} ], "": false})"),
            R"({"":false,"a":[{"x":true,"y":null}],"b":{"B":2,"z":1}})");
}

TEST(CanonicalJson, KeepsTheOrderOfLists) { EXPECT_EQ(Canonical("[3, 1, 2, []]"), "[3,1,2,[]]"); }

TEST(CanonicalJson, KeepsNumbersAsTheyWereWritten) {
  EXPECT_EQ(Canonical("[0, -7, 9223372036854775807, 1.50]"), "[0,-7,9223372036854775807,1.50]");
}

TEST(CanonicalJson, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(Canonical(R"("\u00e9 \/ \"\\ \b\f\n\r\t \u0001\u001f\u007f")"),
            "\"\xC3\xA9 / \\\"\\\\ \\b\\f\\n\\r\\t \\u0001\\u001f\x7F\"");
}

TEST(CanonicalJson, ReadsBackAsTheSameText) {
  const std::string text = Canonical(R"({"k\n": ["\u0000", {"b": "\"", "a": {}}]})");
  EXPECT_EQ(Canonical(text), text);
}

api::TrafficMirrorTarget Target(const std::string& status) {
  const Result<Node> document =
      ReadJson(R"({"apiVersion":"podmirror.io/v1alpha1","kind":"TrafficMirrorTarget","metadata":{"name":"ids"},)"
               R"("spec":{"service":{"name":"ids"}})" +
               status + "}");
  return std::get<api::TrafficMirrorTarget>(Decode(document.value()).value());
}

TEST(Status, IsKeptAsCanonicalJson) {
  EXPECT_EQ(Target(R"(,"status":{"observedGeneration":3,"conditions":[{"type":"Ready","status":"True"}]})").status,
            R"({"conditions":[{"status":"True","type":"Ready"}],"observedGeneration":3})");
}

TEST(Status, IsEmptyWhereAbsent) { EXPECT_EQ(Target("").status, ""); }

TEST(Status, IsKeptOfAnObjectWhoseSpecIsWrong) {
  const Result<Node> document =
      ReadJson(R"({"apiVersion":"podmirror.io/v1alpha1","kind":"TrafficMirrorFilter","metadata":{"name":"web"},)"
               R"("spec":{"wrong":1},"status":{"a":1}})");
  const auto filter = std::get<api::TrafficMirrorFilter>(Decode(document.value()).value());
  ASSERT_FALSE(filter.spec);
  EXPECT_EQ(filter.status, R"({"a":1})");
}

}  // namespace
}  // namespace podmirror::decode
