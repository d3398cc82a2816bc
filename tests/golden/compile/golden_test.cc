// Every <sentence>.in.yaml beside this file, compiled, equals <sentence>.out.json.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

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

TEST(Goldens, EveryInputHasItsOutputAndTheOtherWayRound) {
  EXPECT_EQ(Sentences(".in.yaml"), Sentences(".out.json"));
  EXPECT_GE(Sentences(".in.yaml").size(), 15u);
}

}  // namespace
}  // namespace podmirror::golden
