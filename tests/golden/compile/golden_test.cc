// Every <sentence>.in.yaml beside this file, compiled, equals <sentence>.out.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "contract/codec.h"
#include "tests/golden/compile/case.h"

namespace podmirror::golden {
namespace {

// The sentences that have a file which ends so.
std::set<std::string> Sentences(const std::string& ending) {
  std::set<std::string> sentences;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename();
    if (file.ends_with(ending)) sentences.insert(file.substr(0, file.size() - ending.size()));
  }
  return sentences;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, Compiles) {
  const std::string base = std::string(kFolder) + "/" + GetParam();
  const auto documents = decode::ReadYaml(ReadFile(base + ".in.yaml"));
  ASSERT_TRUE(documents) << Describe(documents.error());
  ASSERT_FALSE(documents->empty());
  const auto text = CompileCase(*documents);
  ASSERT_TRUE(text) << Describe(text.error());
  EXPECT_EQ(Check(base + ".out.json", *text), "");
}

std::string TestName(const ::testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(Sentences(".in.yaml")), TestName);

// What compile gives is what the stream's strict reader takes.
TEST_P(Golden, CanBeSentToItsNodes) {
  const auto compiled = nlohmann::ordered_json::parse(ReadFile(std::string(kFolder) + "/" + GetParam() + ".out.json"));
  for (const auto& [node, state] : compiled.at("states").items()) {
    nlohmann::ordered_json message = nlohmann::ordered_json::parse(Encode(StateMessage{}));
    message["state"] = state;
    const Result<StateMessage> decoded = DecodeStateMessage(message.dump());
    ASSERT_TRUE(decoded.has_value()) << node << ": " << Describe(decoded.error());
    EXPECT_EQ(Encode(*decoded), message.dump());
  }
}

TEST(Goldens, EveryInputHasItsOutputAndTheOtherWayRound) {
  EXPECT_EQ(Sentences(".in.yaml"), Sentences(".out.json"));
  EXPECT_GE(Sentences(".in.yaml").size(), 15u);
}

}  // namespace
}  // namespace podmirror::golden
