// accept/ and reject/ hold one object a file. The first line of a rejected one is a comment: what its author is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "operator/decode/decode.h"
#include "tests/crds/files.h"

namespace podmirror::crds {
namespace {

// Empty: accepted.
std::string Judge(const decode::Node& document) {
  const Result<decode::Decoded> decoded = decode::Decode(document);
  if (!decoded) return "error: " + Describe(decoded.error());
  return std::visit(
      [](const auto& object) -> std::string {
        if constexpr (requires { object.spec.error(); }) {
          return object.spec ? "" : Describe(object.spec.error().error);
        } else {
          return "is not a kind of ours";
        }
      },
      *decoded);
}

std::string TestName(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param.substr(0, tested.param.size() - std::string(".yaml").size());
  std::ranges::replace(name, '-', '_');
  return name;
}

class Accepted : public testing::TestWithParam<std::string> {};

TEST_P(Accepted, Decodes) { EXPECT_EQ(Judge(ReadDocument(kRoot + "tests/crds/accept/" + GetParam())), ""); }

INSTANTIATE_TEST_SUITE_P(Objects, Accepted, testing::ValuesIn(YamlFiles(kRoot + "tests/crds/accept")), TestName);

class Sample : public testing::TestWithParam<std::string> {};

TEST_P(Sample, Decodes) { EXPECT_EQ(Judge(ReadDocument(kRoot + "crds/samples/" + GetParam())), ""); }

INSTANTIATE_TEST_SUITE_P(Objects, Sample, testing::ValuesIn(YamlFiles(kRoot + "crds/samples")), TestName);

class Rejected : public testing::TestWithParam<std::string> {};

TEST_P(Rejected, SaysWhatItsFirstLineExpects) {
  const std::string path = kRoot + "tests/crds/reject/" + GetParam();
  const std::string text = ReadFile(path);
  ASSERT_TRUE(text.starts_with("# "));
  const std::string expected = text.substr(2, text.find('\n') - 2);
  ASSERT_GT(expected.size(), 20u);
  EXPECT_THAT(Judge(ReadDocument(path)), testing::HasSubstr(expected));
}

INSTANTIATE_TEST_SUITE_P(Objects, Rejected, testing::ValuesIn(YamlFiles(kRoot + "tests/crds/reject")), TestName);

}  // namespace
}  // namespace podmirror::crds
