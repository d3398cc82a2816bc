#include "process/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "contract/names.h"

namespace podmirror::process {
namespace {

using Json = nlohmann::json;

// What `say` writes to stderr, line by line, each of them a JSON object.
template <typename Say>
std::vector<Json> Lines(Say say) {
  testing::internal::CaptureStderr();
  say();
  std::istringstream text(testing::internal::GetCapturedStderr());
  std::vector<Json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override { StartLog("operator", Level::kInfo); }
};

TEST_F(LogTest, ALineIsAnObjectWithTimeLevelMessageAndComponent) {
  const auto lines = Lines([] { Log(Level::kWarning, "the watch has ended"); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["level"], "warning");
  EXPECT_EQ(lines[0]["message"], "the watch has ended");
  EXPECT_EQ(lines[0]["component"], "operator");
  EXPECT_TRUE(ParseInstant(lines[0]["time"].get<std::string>()));
}

TEST_F(LogTest, FieldsKeepTheirTypes) {
  const auto lines = Lines([] {
    Log(Level::kInfo, "m",
        {{"text", "a"},
         {"number", std::int64_t{-7}},
         {"big", std::uint64_t{18446744073709551615U}},
         {"half", 0.5},
         {"yes", true}});
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["text"], "a");
  EXPECT_EQ(lines[0]["number"], -7);
  EXPECT_EQ(lines[0]["big"], 18446744073709551615U);
  EXPECT_EQ(lines[0]["half"], 0.5);
  EXPECT_EQ(lines[0]["yes"], true);
}

TEST_F(LogTest, ADoubleThatIsNoNumberIsNull) {
  const auto lines = Lines([] { Log(Level::kInfo, "m", {{"x", std::numeric_limits<double>::quiet_NaN()}}); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0]["x"].is_null());
}

TEST_F(LogTest, TextThatTriesToForgeALineStaysInItsField) {
  const std::string hostile = "a\n{\"level\":\"error\"}\r\x1b[31m\"\\\x7f";
  const auto lines = Lines([&] { Log(Level::kInfo, "m", {{"from_a_peer", hostile}}); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["from_a_peer"], hostile);
}

TEST_F(LogTest, BytesThatAreNoUtf8AreReplacedAndTheRestIsKept) {
  const auto lines = Lines([] {
    Log(Level::kInfo, "m", {{"good", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3"}});
    Log(Level::kInfo, "m", {{"bad", "a\xff\xc3z"}});     // a stray byte, a sequence that is cut
    Log(Level::kInfo, "m", {{"overlong", "\xc0\xaf"}});  // an overlong '/'
    Log(Level::kInfo, "m", {{"surrogate", "\xed\xa0\x80 end"}});
    Log(Level::kInfo, "m", {{"cut", "\xe2\x82"}});
  });
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0]["good"], "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3");
  EXPECT_EQ(lines[1]["bad"], "a\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(lines[2]["overlong"], "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(lines[3]["surrogate"], "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd end");
  EXPECT_EQ(lines[4]["cut"], "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  StartLog("operator", Level::kWarning);
  const auto lines = Lines([] {
    Log(Level::kDebug, "m");
    Log(Level::kInfo, "m", Error{"e", "", ""});
    Log(Level::kWarning, "kept");
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["message"], "kept");
}

TEST_F(LogTest, AnErrorHasWhatWhereAndFixAsFields) {
  const auto lines = Lines([] {
    Log(Level::kError, "cannot read", Error{"no such file", "/etc/x", "create it"}, {{"kind", "pods"}});
    Log(Level::kError, "cannot read", Error{"no such file", "", ""});
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["error"], "no such file");
  EXPECT_EQ(lines[0]["where"], "/etc/x");
  EXPECT_EQ(lines[0]["fix"], "create it");
  EXPECT_EQ(lines[0]["kind"], "pods");
  EXPECT_FALSE(lines[1].contains("where"));
  EXPECT_FALSE(lines[1].contains("fix"));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  const auto lines = Lines([] {
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 50; ++i) Log(Level::kInfo, "m", {{"pad", std::string(200, 'x')}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  EXPECT_EQ(lines.size(), 400U);
}

}  // namespace
}  // namespace podmirror::process
