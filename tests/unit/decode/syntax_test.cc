#include "operator/decode/syntax.h"

#include <gtest/gtest.h>

namespace podmirror::decode {
namespace {

std::string Times(char c, std::size_t n) { return std::string(n, c); }

TEST(Syntax, DnsLabels) {
  for (const std::string& good : {std::string("a"), std::string("a-b"), std::string("1"), Times('a', 63)}) {
    EXPECT_TRUE(IsDnsLabel(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a-"), std::string("A"),
                                 std::string("a.b"), std::string("a_b"), std::string("é"), Times('a', 64)}) {
    EXPECT_FALSE(IsDnsLabel(bad)) << bad;
  }
}

TEST(Syntax, DnsSubdomains) {
  for (const std::string& good : {std::string("a"), std::string("a.b-c.1"), Times('a', 253)}) {
    EXPECT_TRUE(IsDnsSubdomain(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("a."), std::string(".a"), std::string("a..b"),
                                 std::string("a.-b"), std::string("a.b-"), std::string("A.b"), Times('a', 254)}) {
    EXPECT_FALSE(IsDnsSubdomain(bad)) << bad;
  }
}

TEST(Syntax, LabelKeys) {
  for (const std::string& good : {std::string("app"), std::string("App_1.x-y"), std::string("example.org/app"),
                                  Times('a', 253) + "/" + Times('b', 63)}) {
    EXPECT_TRUE(IsLabelKey(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("/app"), std::string("example.org/"), std::string("a/b/c"),
                                 std::string("Example/app"), std::string("-a"), std::string("a_"), std::string("a b"),
                                 Times('b', 64), Times('a', 254) + "/b"}) {
    EXPECT_FALSE(IsLabelKey(bad)) << bad;
  }
}

TEST(Syntax, LabelValuesMayBeEmpty) {
  EXPECT_TRUE(IsLabelValue(""));
  EXPECT_TRUE(IsLabelValue("v1.2_x-Y"));
  EXPECT_TRUE(IsLabelValue(Times('a', 63)));
  EXPECT_FALSE(IsLabelValue(Times('a', 64)));
  EXPECT_FALSE(IsLabelValue("a/b"));
  EXPECT_FALSE(IsLabelValue("a."));
}

TEST(Syntax, QuotesAndCutsBetweenCharacters) {
  EXPECT_EQ(Quote("a"), "\"a\"");
  EXPECT_EQ(Quote(Times('a', 64)), '"' + Times('a', 64) + '"');
  EXPECT_EQ(Quote(Times('a', 65)), '"' + Times('a', 64) + "...\"");
  EXPECT_EQ(Quote(Times('a', 63) + "é!"), '"' + Times('a', 63) + "...\"");
}

TEST(Syntax, JoinsWords) {
  const std::string_view words[] = {"a", "b", "c"};
  EXPECT_EQ(Join(words), "a, b or c");
  EXPECT_EQ(Join(words, ", "), "a, b, c");
  EXPECT_EQ(Join({words, 1}), "a");
  EXPECT_EQ(Join({words, 0}), "");
}

TEST(Syntax, FindsTheWordThatWasMeant) {
  const std::string_view words[] = {"Accept", "Reject", "TCP"};
  EXPECT_EQ(Nearest("accept", words), "Accept");
  EXPECT_EQ(Nearest("Acept", words), "Accept");
  EXPECT_EQ(Nearest("REJECTS", words), "Reject");
  EXPECT_EQ(Nearest("tcp", words), "TCP");
  EXPECT_EQ(Nearest("Deny", words), std::nullopt);
  EXPECT_EQ(Nearest("", words), std::nullopt);
  EXPECT_EQ(Nearest("xyz", words), std::nullopt);
  EXPECT_EQ(Nearest(Times('a', 100'000), words), std::nullopt);
}

TEST(Syntax, CountsCharacters) { EXPECT_EQ(CountCharacters("aé€\xF0\x9F\x90\xA7"), 4u); }

}  // namespace
}  // namespace podmirror::decode
