#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "contract/limits.h"
#include "operator/decode/node.h"

namespace podmirror::decode {
namespace {

using testing::HasSubstr;

// JSON-like, so that a test shows what was read at one glance.
std::string Show(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::kString:
      return '"' + node.text + '"';
    case Node::Kind::kInteger:
      return std::to_string(node.integer);
    case Node::Kind::kList:
      for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + Show(item);
      return "[" + text + "]";
    case Node::Kind::kMap:
      for (const auto& [key, value] : node.members) text += (text.empty() ? "" : ", ") + key + ": " + Show(value);
      return "{" + text + "}";
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kBool:
      return node.boolean ? "true" : "false";
    case Node::Kind::kFloat:
      return "float " + node.text;
  }
  return "?";
}

std::string Read(std::string_view text) {
  const Result<std::vector<Node>> documents = ReadYaml(text);
  if (!documents) return "error " + Describe(documents.error());
  std::string shown;
  for (const Node& document : *documents) shown += (shown.empty() ? "" : " | ") + Show(document);
  return shown;
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(ReadYaml, ReadsMapsListsAndScalars) {
  EXPECT_EQ(Read("a: 1\nb: [x, 'y', \"z\", 1.5, true, ~]\nc:\n- d: e\n  f:\n"),
            R"({a: 1, b: ["x", "y", "z", float 1.5, true, null], c: [{d: "e", f: null}]})");
  EXPECT_EQ(Read("a: |\n  b\n  c\nd: >-\n  e\n  f\n"), "{a: \"b\nc\n\", d: \"e f\"}");
  EXPECT_EQ(Read("a: 10.0.0.0/8\nb: ::/0\nc: 2026-12-01T00:00:00Z # at night\n"),
            R"({a: "10.0.0.0/8", b: "::/0", c: "2026-12-01T00:00:00Z"})");
  EXPECT_EQ(Read("{\"a\": {\"b\": [1, 2]}}"), "{a: {b: [1, 2]}}");
}

TEST(ReadYaml, QuotedScalarsAreStrings) {
  EXPECT_EQ(Read("['1', \"true\", '', 'yes', '017']"), R"(["1", "true", "", "yes", "017"])");
}

TEST(ReadYaml, ReadsSeveralDocumentsAndLeavesOutEmptyOnes) {
  EXPECT_EQ(Read("a: 1\n---\n# nothing\n---\nb: 2\n...\n---\nc: 3\n"), "{a: 1} | {b: 2} | {c: 3}");
  EXPECT_EQ(Read("--- {a: 1}\n--- # comment\nb: 2\n"), "{a: 1} | {b: 2}");
  EXPECT_EQ(Read(""), "");
  EXPECT_EQ(Read("# only a comment\n"), "");
  EXPECT_EQ(Read("---\n---\n"), "");
}

TEST(ReadYaml, ReadsWindowsLineEndsAndAByteOrderMark) {
  EXPECT_EQ(Read("\xEF\xBB\xBF"
                 "a:\r\n  b: 1\r\nc: x\r\n"),
            "{a: {b: 1}, c: \"x\"}");
}

TEST(ReadYaml, GivesPositionsThatCountFromOne) {
  const Result<std::vector<Node>> documents = ReadYaml("a: 1\nb:\n  - x\n  - k: z\n");
  ASSERT_TRUE(documents);
  const Node* b = documents->front().Find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->items[0].position.line, 3);
  EXPECT_EQ(b->items[0].position.column, 5);
  EXPECT_EQ(b->items[1].Find("k")->position.line, 4);
  EXPECT_EQ(b->items[1].Find("k")->position.column, 8);
}

TEST(ReadYaml, CountsColumnsInCharacters) {
  EXPECT_EQ(Read("x: {äöü: \"€\", b: 1, b: 2}"),
            "error 1:21: the key \"b\" stands twice in one map; keep one of the two");
}

TEST(ReadYaml, RefusesDuplicateKeys) {
  EXPECT_EQ(Read("a: 1\nb: 2\na: 3\n"), "error 3:1: the key \"a\" stands twice in one map; keep one of the two");
  EXPECT_THAT(Read("{a: 1, 'a': 2}"), HasSubstr("stands twice"));
  EXPECT_THAT(Read("a: {b: 1}\nc: {b: 1}\n"), HasSubstr("{a: {b: 1}"));
}

TEST(ReadYaml, RefusesAnchorsAliasesAndMergeKeys) {
  EXPECT_THAT(Read("a: &x 1\nb: *x\n"), HasSubstr("1:4: anchors (&) and aliases (*) are not read"));
  EXPECT_THAT(Read("a: &x [*x]\n"), HasSubstr("anchors"));
  EXPECT_THAT(Read("&x a: 1\n"), HasSubstr("anchors"));
  EXPECT_THAT(Read("a: &x\n"), HasSubstr("anchors"));
  EXPECT_THAT(Read("a: *x\n"), HasSubstr("error 1:4"));
  EXPECT_THAT(Read("<<: {a: 1}\n"), HasSubstr("merge keys"));
}

TEST(ReadYaml, RefusesAnAliasBombAtOnce) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + Repeat(last + ", ", 9) + last + "]\n";
  }
  EXPECT_THAT(Read(bomb), HasSubstr("anchors"));
}

TEST(ReadYaml, RefusesTags) {
  for (const char* text : {"a: !!str 017\n", "a: !foo x\n", "a: ! x\n", "a: !\n", "a: !!map {b: 1}\n", "a: !!seq [1]\n",
                           "a: !!binary eA==\n", "!!str a: 1\n", "a: !!str 'x\n"}) {
    EXPECT_THAT(Read(text), HasSubstr("tags (!) are not read")) << text;
  }
}

TEST(ReadYaml, RefusesKeysThatAreNoStrings) {
  EXPECT_THAT(Read("[a]: 1\n"), HasSubstr("where a key is wanted"));
  EXPECT_THAT(Read("{a: 1}: 1\n"), HasSubstr("where a key is wanted"));
  EXPECT_THAT(Read("? [a]\n: b\n"), HasSubstr("where a key is wanted"));
  EXPECT_THAT(Read("1: a\n"), HasSubstr("quote it: \"1\""));
  EXPECT_THAT(Read("true: a\n"), HasSubstr("quote it: \"true\""));
  EXPECT_THAT(Read("on: a\n"), HasSubstr("quote it: \"on\""));
  EXPECT_THAT(Read(": a\n"), HasSubstr("empty key"));
  EXPECT_THAT(Read("~: a\n"), HasSubstr("empty key"));
  EXPECT_EQ(Read("'1': a\n"), "{1: \"a\"}");
}

TEST(ReadYaml, RefusesPlainScalarsThatReadersUnderstandDifferently) {
  for (const char* text : {"yes", "No", "on", "OFF", "y", "017", "1_000", "12:30:45", "0b1"}) {
    EXPECT_EQ(Read(std::string("a: ") + text + "\n").substr(0, 9), "error 1:4") << text;
    EXPECT_THAT(Read(std::string("a: ") + text + "\n"), HasSubstr(std::string("quote it: \"") + text + '"'));
    EXPECT_EQ(Read(std::string("a: '") + text + "'\n"), std::string("{a: \"") + text + "\"}");
  }
}

TEST(ReadYaml, RefusesWhatFollowsADocumentWithoutAMarker) {
  EXPECT_EQ(Read("- a\nb: 1\n"),
            "error 2:1: this does not belong to the document above it; indent it, or begin a new document with ---");
  EXPECT_THAT(Read("  a: 1\nb: 2\n"), HasSubstr("error 2:1"));
  EXPECT_THAT(Read("{a: 1}\nb: 2\n"), HasSubstr("error 2:1"));
  EXPECT_THAT(Read("[]\n[]\n"), HasSubstr("error 2:1"));
  EXPECT_THAT(Read("a: 1\n...\nb: 2\n"), HasSubstr("error 3:1"));
}

TEST(ReadYaml, RefusesQuotesThatAreNeverClosed) {
  EXPECT_EQ(Read("a: 1\nb: 'x\n"), "error 2:4: this quote is never closed; close it");
  EXPECT_THAT(Read("a: \"x\n"), HasSubstr("never closed"));
  EXPECT_THAT(Read("a: 'it''\n"), HasSubstr("never closed"));
  EXPECT_THAT(Read("a: \"x\\\"\n"), HasSubstr("never closed"));
  EXPECT_THAT(Read("a: 'x"), HasSubstr("error"));
  EXPECT_EQ(Read("a: 'it''s'\nb: \"\\\"\"\n"), "{a: \"it's\", b: \"\"\"}");
}

TEST(ReadYaml, RefusesTabsInTheIndentation) {
  EXPECT_THAT(Read("a:\n\tb: 1\n"), HasSubstr("a tab in the indentation; indent with spaces"));
  EXPECT_THAT(Read("a:\n  b: 1\n\tc: 2\n"), HasSubstr("error 3:1: a tab in the indentation"));
  EXPECT_THAT(Read("\ta: 1\n"), HasSubstr("a tab in the indentation"));
  EXPECT_EQ(Read("a:\t1\t# tabs elsewhere\n"), "{a: 1}");
}

TEST(ReadYaml, RefusesDirectives) {
  EXPECT_THAT(Read("%YAML 1.1\n---\na: 1\n"), HasSubstr("error 1:1: directives"));
  EXPECT_THAT(Read("a: 1\n---\nb: 1\n...\n%TAG ! x\n---\nc: 1\n"), HasSubstr("error 5:1: directives"));
  EXPECT_EQ(Read("a: '50%'\nb: |\n %x\n"), "{a: \"50%\", b: \"%x\n\"}");
}

TEST(ReadYaml, SaysWhereTheSyntaxBreaks) {
  EXPECT_THAT(Read("a: 1\n- b\n"), HasSubstr("error 2:1: not valid YAML"));
  EXPECT_THAT(Read("a: b: c\n"), HasSubstr("error 1:5: not valid YAML"));
  EXPECT_THAT(Read("a: {b: 1\n"), HasSubstr("close the bracket"));
  EXPECT_THAT(Read("a: [1\nb: 2\n"), HasSubstr("close the bracket"));
  for (const char* text : {"a: 'x' y\n", "a: @b\n", "a: ]\n", "}", "a: \"\\q\"\n", "a:\n  b: 1\n c: 2\n",
                           "a: 1\nfoo\nb: 2\n", "a: \"x\n---\ny\"\n", "a: *\n", "a: \"\\ud800\"\n"}) {
    EXPECT_THAT(Read(text), HasSubstr("not valid YAML")) << text;
  }
}

TEST(ReadYaml, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Read("a: 1\nb: \xff\n"), "error 2:4: the byte 0xff is not UTF-8; save the file as UTF-8");
  for (const char* text :
       {"\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_THAT(Read(text), HasSubstr("is not UTF-8"));
  }
  EXPECT_THAT(Read(std::string_view("a: \0b\n", 6)), HasSubstr("error 1:4: the control character U+0000"));
  EXPECT_THAT(Read("a: 1\n\x04junk: {"), HasSubstr("U+0004"));  // yaml-cpp takes it for the end of the file
  EXPECT_THAT(Read("a: \x7f\n"), HasSubstr("U+007F"));
  EXPECT_THAT(Read("a: 1\rb: 2\n"), HasSubstr("U+000D"));
  EXPECT_THAT(Read("a: \xEF\xBB\xBF\n"), HasSubstr("byte order mark"));
  EXPECT_THAT(Read(std::string_view("\xff\xfe"
                                    "a\0:\0",
                                    6)),
              HasSubstr("is not UTF-8"));  // UTF-16
  EXPECT_EQ(Read("a: \xF0\x9F\x90\xA7\xC2\xA0\n"), "{a: \"\xF0\x9F\x90\xA7\xC2\xA0\"}");
}

TEST(ReadYaml, BoundsSize) {
  const std::string prefix = "a: ";
  EXPECT_EQ(Read(prefix + std::string(kMaxDocumentBytes - prefix.size(), 'x')).size(), kMaxDocumentBytes + 4);
  EXPECT_EQ(Read(prefix + std::string(kMaxDocumentBytes - prefix.size() + 1, 'x')),
            "error has 1048577 bytes, more than 1048576; split it into several files");
}

TEST(ReadYaml, BoundsDepth) {
  EXPECT_EQ(Read(Repeat("[", 64) + Repeat("]", 64)), Repeat("[", 64) + Repeat("]", 64));
  EXPECT_THAT(Read(Repeat("[", 65) + Repeat("]", 65)), HasSubstr("error 1:65: nested more than 64 deep"));
  EXPECT_THAT(Read(Repeat("{a: ", 100000)), HasSubstr("error"));
  EXPECT_THAT(Read(Repeat("- ", 500000)), HasSubstr("nested more than 64 deep"));
}

TEST(ReadYaml, BoundsTheNumberOfValues) {
  EXPECT_THAT(Read("[" + Repeat("1,", 199'999) + "]"), HasSubstr("[1, 1"));
  EXPECT_THAT(Read("[" + Repeat("1,", 200'000) + "]"), HasSubstr("more than 200000 values"));
  EXPECT_THAT(Read(Repeat("--- [1,1,1,1,1,1,1,1,1]\n", 20'001)), HasSubstr("error 20001:5: more than 200000 values"));
}

TEST(ReadYaml, EndsSoonWhateverItReads) {
  const auto begin = std::chrono::steady_clock::now();
  for (const char* piece : {"[",  "{",     "- ",  "? ", "a: ", "[a: ", "{a: {", "&a ", "!!a ", "*a ", "'", "\"",
                            "[]", "---\n", "a\n", "#",  "%",   " ",    "\n",    "|\n", "[\"",  ": ",  ",", "é"}) {
    ReadYaml(Repeat(piece, kMaxDocumentBytes / 4 / std::string_view(piece).size()));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace podmirror::decode
