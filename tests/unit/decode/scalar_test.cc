#include "operator/decode/scalar.h"

#include <gtest/gtest.h>

namespace podmirror::decode {
namespace {

TEST(PlainScalar, IsTypedByTheCoreSchema) {
  const std::pair<Node::Kind, std::vector<const char*>> cases[] = {
      {Node::Kind::kNull, {"", "~", "null", "Null", "NULL"}},
      {Node::Kind::kBool, {"true", "True", "TRUE", "false", "False", "FALSE"}},
      {Node::Kind::kInteger, {"0", "7", "-7", "+7", "0x1F", "0o17", "9223372036854775807", "-9223372036854775808"}},
      {Node::Kind::kFloat,
       {"1.5", ".5", "5.", "1e3", "-1.5E-3", "+.5", ".inf", "-.INF", ".nan", "9223372036854775808"}},
      {Node::Kind::kString,
       {"tRUE", "nULL", "-",   "+",  ".",   "e3",      "1.2.3", "10.0.0.0/8", "010.0.0.0/8", "2026-12-01T00:00:00Z",
        "0x",   "0xg",  "0o8", "1e", "::1", "fd00::1", "-.nan", "1 2",        "--1",         "_1"}},
  };
  for (const auto& [kind, texts] : cases) {
    for (const char* text : texts) EXPECT_EQ(ResolvePlain(text).kind, kind) << text;
  }
}

TEST(PlainScalar, HoldsItsValue) {
  EXPECT_EQ(ResolvePlain("-7").integer, -7);
  EXPECT_EQ(ResolvePlain("+7").integer, 7);
  EXPECT_EQ(ResolvePlain("0x1F").integer, 31);
  EXPECT_EQ(ResolvePlain("0o17").integer, 15);
  EXPECT_TRUE(ResolvePlain("TRUE").boolean);
  EXPECT_FALSE(ResolvePlain("False").boolean);
  EXPECT_EQ(ResolvePlain("1.50").text, "1.50");
}

TEST(PlainScalar, IsAmbiguousWhereYaml11ReadsItDifferently) {
  for (const char* text : {"yes",      "Yes",
                           "NO",       "on",
                           "Off",      "y",
                           "N",        "017",
                           "-017",     "00",
                           "08",       "1_000",
                           "0x_ff",    "1_0.5",
                           "0b101",    "+0b1",
                           "0b1_0",    "-0x1F",
                           "12:30:45", "190:20:30.15",
                           "22:22",    "2001:0:0:1:0:0:0:1"}) {
    EXPECT_TRUE(IsAmbiguous(text)) << text;
  }
  for (const char* text : {"",
                           "yES",
                           "nope",
                           "0",
                           "17",
                           "0x1F",
                           "0o17",
                           "1.5",
                           "0.5",
                           "10.0.0.1",
                           "a_b",
                           "_1",
                           "1_a",
                           "2026-12-01",
                           "true",
                           "12:60",
                           "0:30",
                           "12:30:",
                           "12:345",
                           "::1",
                           "fd00::1",
                           "10.0.0.1:53",
                           "2001:db8::1",
                           "1:2:3:4:5:6:7:88",
                           "null",
                           "2026-12-01T00:00:00Z",
                           "1e3",
                           "00:16:3e:11:22:33"}) {
    EXPECT_FALSE(IsAmbiguous(text)) << text;
  }
}

}  // namespace
}  // namespace podmirror::decode
