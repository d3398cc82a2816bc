#include "operator/kube/config.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/folder.h"

namespace podmirror::kube {
namespace {

using ::testing::HasSubstr;

class Config : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) { return folder_.Write(name, text); }

  // A file with one of each, named `name`, and its current-context.
  std::string WriteWhole(const std::string& path, const std::string& name) {
    return Write(path, "current-context: " + name + "\ncontexts: [{name: " + name + ", context: {cluster: " + name +
                           ", user: " + name + "}}]\nclusters: [{name: " + name + ", cluster: {server: 'https://" +
                           name + ":1', certificate-authority: ca}}]\nusers: [{name: " + name + ", user: {token: of-" +
                           name + "}}]\n");
  }

  podmirror::testing::Folder folder_;
};

TEST_F(Config, FlagGoesBeforeEverything) {
  const auto config = LoadConfig(WriteWhole("a", "flag"), "",
                                 {{"KUBECONFIG", WriteWhole("b", "list")},
                                  {"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                                  {"KUBERNETES_SERVICE_PORT", "443"}});
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://flag:1");
  EXPECT_EQ(config->certificate_authority.file, (folder_ / "ca").string());
}

TEST_F(Config, FirstFileOfAListThatDefinesAThingWins) {
  const auto first = Write("one/config",
                           "current-context: both\nclusters: [{name: c, cluster: {server: 'https://one', "
                           "certificate-authority: ca}}]\n");
  const auto second = Write("two/config",
                            "current-context: other\ncontexts: [{name: both, context: {cluster: c, user: u}}]\n"
                            "clusters: [{name: c, cluster: {server: 'https://two', certificate-authority: ca}}]\n"
                            "users: [{name: u, user: {tokenFile: t}}]\n");
  const auto config = LoadConfig("", "", {{"KUBECONFIG", first + "::" + (folder_ / "absent").string() + ":" + second}});
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://one");
  EXPECT_EQ(config->certificate_authority.file, (folder_ / "one/ca").string());
  EXPECT_EQ(config->token.file, (folder_ / "two/t").string());
}

TEST_F(Config, ListWithoutAnyFileIsRefused) {
  const auto config = LoadConfig("", "", {{"KUBECONFIG", "/does/not/exist:"}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().where, "/does/not/exist:");
}

TEST_F(Config, PodOfTheClusterUsesItsServiceAccount) {
  const Environment environment = {
      {"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}, {"HOME", folder_.path().string()}};
  WriteWhole(".kube/config", "home");
  const auto config = LoadConfig("", "", environment);
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->certificate_authority.file, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  EXPECT_EQ(config->token.file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
  EXPECT_FALSE(LoadConfig("", "chosen", environment));
}

TEST_F(Config, PodOfAnIpv6ClusterGetsBrackets) {
  const auto config = LoadConfig("", "", {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}});
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://[fd00::1]:6443");
}

TEST_F(Config, BrokenVariablesOfThePodAreRefused) {
  EXPECT_FALSE(LoadConfig("", "", {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}, {"KUBERNETES_SERVICE_PORT", "tcp"}}));
}

TEST_F(Config, HomeIsTheLastPlace) {
  WriteWhole(".kube/config", "home");
  const auto config = LoadConfig("", "", {{"HOME", folder_.path().string()}});
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://home:1");
  EXPECT_EQ(config->token.inline_bytes, "of-home");
}

TEST_F(Config, NowhereIsRefusedWithAdvice) {
  const auto config = LoadConfig("", "", {{"HOME", folder_.path().string()}});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().fix, HasSubstr("--kubeconfig"));
}

TEST_F(Config, MessagesNameTheFile) {
  const auto path = Write("broken", "current-context: x\ncontexts: [");
  const auto broken = LoadConfig(path, "", {});
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().where.starts_with(path + ":")) << broken.error().where;
  const auto absent = LoadConfig((folder_ / "absent").string(), "", {});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().where, (folder_ / "absent").string());
  const auto empty = Write("empty", "{}");
  EXPECT_EQ(LoadConfig(empty, "", {}).error().where, empty);
}

TEST_F(Config, FolderInThePlaceOfAFileIsRefused) { EXPECT_FALSE(LoadConfig(folder_.path().string(), "", {})); }

TEST_F(Config, HugeFileIsRefused) {
  EXPECT_FALSE(LoadConfig(Write("huge", "a: " + std::string(2 << 20, 'x')), "", {}));
}

}  // namespace
}  // namespace podmirror::kube
