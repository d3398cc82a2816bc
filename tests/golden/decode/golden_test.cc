// Every <sentence>.in.yaml beside this file, decoded, equals <sentence>.out. With PODMIRROR_REGENERATE=1 in the
// environment the outputs are written anew: read the difference before you keep it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "operator/decode/node.h"
#include "tests/golden/decode/print.h"

namespace podmirror::golden {
namespace {

const std::string kFolder = PODMIRROR_SOURCE_DIR "/tests/golden/decode/";

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::set<std::string> Sentences(const std::string& ending) {
  std::set<std::string> sentences;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string file = entry.path().filename();
    if (file.ends_with(ending)) sentences.insert(file.substr(0, file.size() - ending.size()));
  }
  return sentences;
}

std::string DecodeAll(const std::string& yaml) {
  const Result<std::vector<decode::Node>> documents = decode::ReadYaml(yaml);
  if (!documents) return "unreadable\n    " + Describe(documents.error()) + "\n";
  std::string text;
  for (const decode::Node& document : *documents) text += Print(decode::Decode(document));
  return text;
}

class DecodeGolden : public testing::TestWithParam<std::string> {};

TEST_P(DecodeGolden, Decodes) {
  const std::optional<std::string> input = ReadFile(kFolder + GetParam() + ".in.yaml");
  ASSERT_TRUE(input);
  const std::string text = DecodeAll(*input);
  const std::string output = kFolder + GetParam() + ".out";
  if (std::getenv("PODMIRROR_REGENERATE") != nullptr) std::ofstream(output, std::ios::binary) << text;
  const std::optional<std::string> expected = ReadFile(output);
  ASSERT_TRUE(expected) << output << " is missing; it should read\n" << text;
  EXPECT_EQ(text, *expected);
}

std::string TestName(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, DecodeGolden, testing::ValuesIn(Sentences(".in.yaml")), TestName);

TEST(DecodeGoldens, EveryInputHasItsOutputAndTheOtherWayRound) {
  EXPECT_EQ(Sentences(".in.yaml"), Sentences(".out"));
  EXPECT_GE(Sentences(".in.yaml").size(), 30u);
}

}  // namespace
}  // namespace podmirror::golden
