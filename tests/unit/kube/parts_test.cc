// The small parts under the transport.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "operator/kube/http_lines.h"
#include "operator/kube/http_material.h"
#include "operator/kube/http_tls.h"
#include "operator/kube/http_url.h"
#include "tests/support/folder.h"

namespace podmirror::kube {
namespace {

TEST(ServerUrl, PartsAreTakenApart) {
  EXPECT_EQ(*ParseServerUrl("https://[FD00::1]:6443/"), (ServerUrl{true, "fd00::1", true, 6443, ""}));
  EXPECT_EQ(*ParseServerUrl("https://10.0.0.1"), (ServerUrl{true, "10.0.0.1", true, 443, ""}));
  EXPECT_EQ(*ParseServerUrl("http://Kube.example:8080/k8s/c-1//"),
            (ServerUrl{false, "kube.example", false, 8080, "/k8s/c-1"}));
}

TEST(ServerUrl, HostHeaderHasBracketsAndNoDefaultPort) {
  EXPECT_EQ(ParseServerUrl("https://[fd00::1]:6443")->Authority(), "[fd00::1]:6443");
  EXPECT_EQ(ParseServerUrl("https://[fd00::1]:443")->Authority(), "[fd00::1]");
  EXPECT_EQ(ParseServerUrl("http://a:443")->Authority(), "a:443");
}

TEST(ServerUrl, WhatIsNoServerIsRefused) {
  for (const char* text : {"",
                           "a:6443",
                           "ftp://a",
                           "https://",
                           "https://:1",
                           "https://a:",
                           "https://a:0",
                           "https://a:65536",
                           "https://a:x",
                           "https://user:pw@a",
                           "https://fd00::1:6443",
                           "https://[fd00::1",
                           "https://[10.0.0.1]",
                           "https://[fe80::1%eth0]",
                           "https://[fd00::1]x",
                           "https://a b",
                           "https://a?x=1",
                           "https://a/b?x=1",
                           "https://a/b#c",
                           "https://a\r\nb"}) {
    EXPECT_FALSE(ParseServerUrl(text)) << text;
  }
}

TEST(LineSplitter, LinesAreTheSameHoweverTheyArrive) {
  const std::string text = "one\n\ntwo \xc3\xa4\r\nthree\nrest";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LineSplitter splitter(100);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < text.size(); i += size) {
      splitter.Add(text.substr(i, size));
      while (auto line = splitter.Next()) lines.push_back(*line);
    }
    EXPECT_THAT(lines, ::testing::ElementsAre("one", "", "two \xc3\xa4\r", "three")) << size;
    EXPECT_EQ(splitter.Rest(), "rest");
    EXPECT_EQ(splitter.Rest(), std::nullopt);
  }
}

TEST(LineSplitter, LineBeyondTheLimitIsNoLine) {
  for (const char* text : {"12345\n", "1234\n12345", "123456"}) {
    LineSplitter splitter(4);
    splitter.Add(text);
    while (splitter.Next()) continue;
    EXPECT_TRUE(splitter.too_long()) << text;
    EXPECT_EQ(splitter.Next(), std::nullopt);
  }
  LineSplitter splitter(4);
  splitter.Add("1234\n1234");
  EXPECT_EQ(splitter.Next(), "1234");
  EXPECT_FALSE(splitter.Next() || splitter.too_long());
}

class CredentialFiles : public ::testing::Test {
 protected:
  CredentialFiles() { config_.token.file = folder_.Path("token"); }
  void Write(const std::string& token) { std::ofstream(config_.token.file) << token; }
  CredentialSource Source() {
    return CredentialSource(config_, [this] { return now_; });
  }

  podmirror::testing::Folder folder_;
  ClusterConfig config_;
  std::chrono::steady_clock::time_point now_;
};

TEST_F(CredentialFiles, TokenIsReadAgainAfterAMinute) {
  auto source = Source();
  Write("old\n");
  const auto first = source.Current();
  ASSERT_TRUE(first) << Describe(first.error());
  EXPECT_EQ((*first)->token, "old");
  Write("new");
  now_ += std::chrono::seconds(60);
  EXPECT_EQ(*source.Current(), *first);
  now_ += std::chrono::seconds(1);
  EXPECT_EQ((*source.Current())->token, "new");
}

TEST_F(CredentialFiles, TokenIsReadAgainAtOnceWhereItWasRefused) {
  auto source = Source();
  Write("old");
  const auto first = source.Current();
  EXPECT_EQ(*source.Reread(), *first) << "nothing has changed: the same object";
  Write("new");
  EXPECT_EQ((*source.Reread())->token, "new");
}

TEST_F(CredentialFiles, FileThatIsGoneForAMomentChangesNothing) {
  auto source = Source();
  Write("old");
  ASSERT_TRUE(source.Current());
  std::filesystem::remove(config_.token.file);
  EXPECT_EQ((*source.Reread())->token, "old");
  Write("");
  EXPECT_EQ((*source.Reread())->token, "old");
}

TEST_F(CredentialFiles, FileThatWasNeverThereIsAnErrorThatNamesIt) {
  auto source = Source();
  EXPECT_EQ(source.Current().error().where, config_.token.file);
  Write("there now");
  EXPECT_FALSE(source.Current()) << "a token has no space in it";
  Write("there-now");
  EXPECT_TRUE(source.Current());
}

TEST_F(CredentialFiles, TokenThatWouldEndItsHeaderIsRefused) {
  auto source = Source();
  for (const char* token : {"a\r\nX-Evil: b", "a\x01", "a\xc3\xa4"}) {
    Write(token);
    EXPECT_FALSE(source.Current()) << token;
  }
}

TEST(TlsMaterial, WhatIsNoPemIsRefused) {
  EXPECT_FALSE(TlsMaterial::Parse({"nothing", "", "", ""}, "a", true));
  EXPECT_FALSE(TlsMaterial::Parse({"", "", "", ""}, "a", true));
  EXPECT_TRUE(TlsMaterial::Parse({"", "", "", ""}, "a", false));
  EXPECT_FALSE(TlsMaterial::Parse({"", "no certificate", "no key", ""}, "a", false));
}

}  // namespace
}  // namespace podmirror::kube
