#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/decode/node.h"

namespace podmirror::decode {
namespace {

using testing::HasSubstr;

std::string Refusal(std::string_view text) {
  const Result<Node> node = ReadJson(text);
  return node ? "accepted" : Describe(node.error());
}

TEST(ReadJson, ReadsEveryKindOfValue) {
  const Result<Node> node =
      ReadJson(R"({"a": [1, -2, 1.50, true, null, "x\u00e9"], "b": {}, "c": 18446744073709551615})");
  ASSERT_TRUE(node);
  ASSERT_EQ(node->kind, Node::Kind::kMap);
  const std::vector<Node>& items = node->Find("a")->items;
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].integer, 1);
  EXPECT_EQ(items[1].integer, -2);
  EXPECT_EQ(items[2].kind, Node::Kind::kFloat);
  EXPECT_EQ(items[2].text, "1.50");
  EXPECT_TRUE(items[3].boolean);
  EXPECT_EQ(items[4].kind, Node::Kind::kNull);
  EXPECT_EQ(items[5].text, "x\xC3\xA9");
  EXPECT_EQ(node->Find("b")->kind, Node::Kind::kMap);
  EXPECT_EQ(node->Find("c")->kind, Node::Kind::kFloat);
  EXPECT_EQ(node->Find("d"), nullptr);
  EXPECT_EQ(node->position.line, 0);
}

TEST(ReadJson, RefusesDuplicateKeys) {
  EXPECT_THAT(Refusal(R"({"a": 1, "b": {"a": 1}, "a": 2})"), HasSubstr("the key \"a\" stands twice"));
}

TEST(ReadJson, SaysAtWhichByteTheSyntaxBreaks) {
  EXPECT_EQ(Refusal("{\"a\": 1,}"), "byte 9: not valid JSON; check the brackets, quotes and commas there");
  for (const char* text : {"", "{", "{} x", "[1 2]", "nan", "\"\xff\"", "'a'", "// x"}) {
    EXPECT_THAT(Refusal(text), HasSubstr("not valid JSON")) << text;
  }
}

TEST(ReadJson, BoundsDepthAndNumberOfValues) {
  const auto brackets = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(Refusal(brackets(64)), "accepted");
  EXPECT_THAT(Refusal(brackets(65)), HasSubstr("nested more than 64 deep"));
  EXPECT_THAT(Refusal(std::string(1'000'000, '[')), HasSubstr("nested more than 64 deep"));
  std::string many = "[0";
  for (int i = 0; i < 200'000; ++i) many += ",0";
  EXPECT_THAT(Refusal(many + "]"), HasSubstr("more than 200000 values"));
}

}  // namespace
}  // namespace podmirror::decode
