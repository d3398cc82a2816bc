#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "operator/kube/config.h"

namespace podmirror::kube {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole = R"(apiVersion: v1
kind: Config
current-context: dev
preferences: {colors: true}
contexts:
- name: dev
  context: {cluster: c, user: u, namespace: shop}
- name: other
  context: {cluster: plain, user: ""}
clusters:
- name: c
  cluster:
    server: https://[fd00::1]:6443
    certificate-authority-data: Q0E=
    tls-server-name: kubernetes
- name: plain
  cluster: {server: "http://127.0.0.1:8001"}
users:
- name: u
  user:
    client-certificate-data: Q0VSVA==
    client-key: keys/key.pem
)";

// A kubeconfig with these fields in its cluster and its user.
std::string With(std::string_view cluster, std::string_view user) {
  return "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nclusters: [{name: c, cluster: {" +
         std::string(cluster) + "}}]\nusers: [{name: u, user: {" + std::string(user) + "}}]\n";
}

constexpr std::string_view kCluster = "server: 'https://a:6443', certificate-authority: ca.crt";

Result<ClusterConfig> Decode(std::string_view text, const std::string& context = "") {
  return DecodeKubeconfig(text, "/etc/kube", context);
}

// "where: what; fix", or what should not be.
std::string Refusal(std::string_view text, const std::string& context = "") {
  const auto config = Decode(text, context);
  return config ? "accepted" : Describe(config.error());
}

TEST(Kubeconfig, CurrentContextIsResolved) {
  const auto config = Decode(kWhole);
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "https://[fd00::1]:6443");
  EXPECT_EQ(config->certificate_authority.inline_bytes, "CA");
  EXPECT_EQ(config->tls_server_name, "kubernetes");
  EXPECT_EQ(config->client_certificate.inline_bytes, "CERT");
  EXPECT_EQ(config->client_key.file, "/etc/kube/keys/key.pem");
  EXPECT_EQ(config->ns, "shop");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
}

TEST(Kubeconfig, NamedContextIsResolvedInstead) {
  const auto config = Decode(kWhole, "other");
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->server, "http://127.0.0.1:8001");
  EXPECT_TRUE(config->token.empty());
}

TEST(Kubeconfig, JsonIsYamlToo) {
  EXPECT_TRUE(Decode(R"({"current-context":"x","contexts":[{"name":"x","context":{"cluster":"c"}}],)"
                     R"("clusters":[{"name":"c","cluster":{"server":"http://a"}}]})"));
}

TEST(Kubeconfig, AbsolutePathStaysAndRelativePathStartsAtTheFile) {
  const auto config = Decode(With("server: 'https://a', certificate-authority: /x/ca.crt", "tokenFile: ../t"));
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->certificate_authority.file, "/x/ca.crt");
  EXPECT_EQ(config->token.file, "/etc/t");
}

TEST(Kubeconfig, InlineDataGoesBeforeTheFile) {
  const auto config =
      Decode(With("server: 'https://a', certificate-authority: f, certificate-authority-data: Q0E=", ""));
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->certificate_authority, (Material{"CA", ""}));
}

TEST(Kubeconfig, TokenFileGoesBeforeTheToken) {
  const auto config = Decode(With(kCluster, "token: abc, tokenFile: t"));
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_EQ(config->token, (Material{"", "/etc/kube/t"}));
  EXPECT_EQ(Decode(With(kCluster, "token: abc"))->token, (Material{"abc", ""}));
}

TEST(Kubeconfig, Base64OfAnyLengthIsRead) {
  for (const auto& [text, bytes] :
       {std::pair{"QQ==", "A"}, {"QUI=", "AB"}, {"QUJD", "ABC"}, {"QU JD\\nRA==", "ABCD"}}) {
    const auto config =
        Decode(With("server: 'https://a', certificate-authority-data: \"" + std::string(text) + "\"", ""));
    ASSERT_TRUE(config) << text << ": " << Describe(config.error());
    EXPECT_EQ(config->certificate_authority.inline_bytes, bytes);
  }
}

TEST(Kubeconfig, WhatIsNoBase64IsRefused) {
  for (const char* text : {"Q", "QQ", "QQ=", "Q===", "QQ==QQ==", "Q-==", "====", "="}) {
    EXPECT_THAT(Refusal(With("server: 'https://a', certificate-authority-data: '" + std::string(text) + "'", "")),
                HasSubstr("this is no base64"))
        << text;
  }
}

TEST(Kubeconfig, InsecureNeedsNoAuthority) {
  const auto config = Decode(With("server: 'https://a', insecure-skip-tls-verify: true", ""));
  ASSERT_TRUE(config) << Describe(config.error());
  EXPECT_TRUE(config->insecure_skip_tls_verify);
}

TEST(Kubeconfig, HttpsWithoutAnAuthorityIsRefused) {
  EXPECT_THAT(Refusal(With("server: 'https://a'", "")), HasSubstr("authorities of this machine are not trusted"));
}

TEST(Kubeconfig, AuthorityAndInsecureContradict) {
  EXPECT_THAT(Refusal(With(std::string(kCluster) + ", insecure-skip-tls-verify: true", "")), HasSubstr("contradict"));
}

TEST(Kubeconfig, WhatIsNotSupportedIsRefusedAndSaysWhatToWrite) {
  for (const char* user :
       {"exec: {command: aws}", "auth-provider: {name: gcp}", "username: a, password: b", "password: b"}) {
    const std::string refusal = Refusal(With(kCluster, user));
    EXPECT_THAT(refusal, HasSubstr("is not supported")) << user;
    EXPECT_THAT(refusal, HasSubstr("4:")) << user;  // the line
    EXPECT_THAT(refusal, HasSubstr("kubectl create token")) << user;
  }
  EXPECT_THAT(Refusal(With(kCluster, "as: admin")), HasSubstr("as is not supported"));
  EXPECT_THAT(Refusal(With(kCluster, "as-groups: [a]")), HasSubstr("as-groups is not supported"));
  EXPECT_THAT(Refusal(With(std::string(kCluster) + ", proxy-url: 'http://p'", "")), HasSubstr("proxy-url"));
}

TEST(Kubeconfig, CertificateWithoutItsKeyIsRefused) {
  EXPECT_THAT(Refusal(With(kCluster, "client-certificate: a")), HasSubstr("without its key"));
  EXPECT_THAT(Refusal(With(kCluster, "client-key: a")), HasSubstr("without a certificate"));
}

TEST(Kubeconfig, WhatIsNotThereIsNamed) {
  EXPECT_THAT(Refusal("{}"), HasSubstr("no current-context"));
  EXPECT_THAT(Refusal(""), HasSubstr("no current-context"));
  EXPECT_THAT(Refusal(kWhole, "nope"), HasSubstr("no context \"nope\"; write one of those that it has: dev or other"));
  EXPECT_THAT(Refusal("contexts: [{name: x, context: {cluster: c}}]", "x"), HasSubstr("no cluster \"c\""));
  EXPECT_THAT(Refusal("contexts: [{name: x, context: {cluster: c, user: v}}]\n"
                      "clusters: [{name: c, cluster: {server: 'http://a'}}]\n",
                      "x"),
              HasSubstr("no user \"v\""));
  EXPECT_THAT(Refusal(With("", "")), HasSubstr("a cluster without a server"));
}

TEST(Kubeconfig, ServerThatIsNoUrlIsRefusedWithItsPlace) {
  const std::string refusal = Refusal(With("server: 'a:6443'", ""));
  EXPECT_THAT(refusal, HasSubstr("3:"));
  EXPECT_THAT(refusal, HasSubstr("does not begin with https://"));
}

TEST(Kubeconfig, NamesAreUnique) {
  EXPECT_THAT(Refusal("clusters: [{name: a}, {name: a}]"), HasSubstr("stands twice in clusters"));
  EXPECT_THAT(Refusal("users: [{user: {}}]"), HasSubstr("an entry without a name"));
}

TEST(Kubeconfig, WrongShapesAreRefused) {
  EXPECT_THAT(Refusal("[]"), HasSubstr("not a map"));
  EXPECT_THAT(Refusal("clusters: {}"), HasSubstr("not a list"));
  EXPECT_THAT(Refusal("kind: Pod"), HasSubstr("no kubeconfig"));
  EXPECT_THAT(Refusal("a: 1\n---\nb: 2"), HasSubstr("one document"));
  EXPECT_THAT(Refusal("a: ["), HasSubstr("1:"));
  EXPECT_THAT(Refusal(With("server: 7", "")), HasSubstr("not a string"));
  EXPECT_THAT(Refusal(With(std::string(kCluster) + ", insecure-skip-tls-verify: 'true'", "")),
              HasSubstr("not true or false"));
}

}  // namespace
}  // namespace podmirror::kube
