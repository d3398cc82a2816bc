// Who the server is and who we are: certificates, names, addresses, tokens.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/kube/conformance/suite.h"
#include "tests/support/folder.h"

namespace podmirror::kube::conformance {
namespace {

using ::testing::HasSubstr;

const FaultServer::Script kWell = [](Peer& peer) {
  while (peer.Read()) peer.Write(Answer(200, "{}"));
};

// A folder with files that a configuration names.
class Files {
 public:
  // As kubelet and cert-manager do it: a new file in the place of the old one.
  Material Put(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / "new") << bytes;
    std::filesystem::rename(folder_ / "new", folder_ / name);
    return {"", (folder_ / name).string()};
  }

 private:
  podmirror::testing::Folder folder_;
};

TEST_P(Conformance, Ipv6LiteralIsReached) {
  std::string host;
  const Ending ending(*this);
  Serve(
      [&](Peer& peer) {
        while (auto asked = peer.Read()) {
          host = asked->headers["host"];
          peer.Write(Answer(200, "{}"));
        }
      },
      "::1");
  ASSERT_TRUE(server_->url().starts_with("https://[::1]:"));
  const auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  transport_.reset();
  const std::string url = server_->url();
  server_.reset();
  EXPECT_EQ(host, url.substr(8));
}

TEST_P(Conformance, NameOfAHostIsResolved) {
  Serve(kWell);
  auto config = Config();
  config.server = "https://localhost:" + std::to_string(server_->port());
  Reconnect(config);
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);
}

TEST_P(Conformance, ServerNameIsAskedForAndAddressesAreNot) {
  const Ending ending(*this);
  server_ = std::make_unique<FaultServer>(
      "127.0.0.1", FaultServer::Tls{authority().Issue({.names = {"DNS:kubernetes", "IP:127.0.0.1"}}), ""},
      [&](Peer& peer) {
        peer.Read();
        peer.Write(Answer(200, peer.server_name(), "Connection: close\r\n"));
      });
  auto config = Config();
  Reconnect(config);
  auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->body, "");
  config.tls_server_name = "kubernetes";
  Reconnect(config);
  answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->body, "kubernetes");
}

TEST_P(Conformance, CertificateMustBeForTheName) {
  server_ = std::make_unique<FaultServer>(
      "127.0.0.1", FaultServer::Tls{authority().Issue({.names = {"DNS:kubernetes.default.svc", "IP:10.96.0.1"}}), ""},
      kWell);
  auto config = Config();
  Reconnect(config);
  const auto answer = Get();
  EXPECT_EQ(KindOf(answer), Kind::kTls);
  EXPECT_THAT(answer.error().what, HasSubstr("it is not for 127.0.0.1"));
  for (const auto& [name, well] : {std::pair{"kubernetes.default.svc", true},
                                   {"kubernetes", false},
                                   {"10.96.0.1", true},
                                   {"10.96.0.2", false},
                                   {"leaf", false}}) {
    config.tls_server_name = name;
    Reconnect(config);
    EXPECT_EQ(KindOf(Get()), well ? std::nullopt : std::optional(Kind::kTls)) << name;
  }
}

TEST_P(Conformance, OnlyTheAuthorityThatWasGivenIsTrusted) {
  Serve(kWell);
  auto config = Config();
  config.certificate_authority.inline_bytes = Authority("another").certificate();
  Reconnect(config);
  const auto answer = Get();
  EXPECT_EQ(KindOf(answer), Kind::kTls);
  EXPECT_THAT(answer.error().what, HasSubstr("unable to get local issuer certificate"));
}

// The authorities of the machine, which OpenSSL takes from a file, do not count.
TEST_P(Conformance, AuthoritiesOfTheMachineAreNotTrusted) {
  Serve(kWell);
  const Files files;
  const auto system = files.Put("system.pem", authority().certificate());
  auto config = Config();
  config.certificate_authority.inline_bytes = Authority("another").certificate();
  ASSERT_EQ(setenv("SSL_CERT_FILE", system.file.c_str(), 1), 0);
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls);
  unsetenv("SSL_CERT_FILE");
}

TEST_P(Conformance, BundleOfAuthoritiesIsTrusted) {
  Serve(kWell);
  auto config = Config();
  config.certificate_authority.inline_bytes = Authority("old").certificate() + authority().certificate();
  Reconnect(config);
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);
}

TEST_P(Conformance, CertificateOutsideItsTimeIsRefused) {
  for (const auto& [from, to, why] : {std::tuple{-2, -1, "expired"}, {1, 2, "not yet valid"}}) {
    server_ = std::make_unique<FaultServer>(
        "127.0.0.1", FaultServer::Tls{authority().Issue({.from_hour = from, .to_hour = to}), ""}, kWell);
    Reconnect(Config());
    const auto answer = Get();
    EXPECT_EQ(KindOf(answer), Kind::kTls) << why;
    EXPECT_THAT(answer.error().what, HasSubstr(why));
  }
}

TEST_P(Conformance, NothingIsSaidToAServerThatIsNotTrusted) {
  std::atomic<int> heard = 0;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    if (peer.Read()) ++heard;
  });
  auto config = Config();
  config.certificate_authority.inline_bytes = Authority("another").certificate();
  Reconnect(config);
  EXPECT_FALSE(Get());
  EXPECT_FALSE(Post("{}"));
  transport_.reset();
  EXPECT_TRUE(server_->AwaitClosed(2));
  EXPECT_EQ(heard, 0);
}

TEST_P(Conformance, InsecureTakesAnyCertificate) {
  server_ = std::make_unique<FaultServer>(
      "127.0.0.1", FaultServer::Tls{Authority("nobody").Issue({.names = {}, .from_hour = -2, .to_hour = -1}), ""},
      kWell);
  auto config = Config();
  config.certificate_authority = {};
  config.insecure_skip_tls_verify = true;
  Reconnect(config);
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);
}

TEST_P(Conformance, ClientCertificateIsShownWhereItIsNeeded) {
  const Authority clients("clients");
  server_ =
      std::make_unique<FaultServer>("127.0.0.1", FaultServer::Tls{authority().Issue({}), clients.certificate()}, kWell);
  auto config = Config();
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls);

  const Pair mine = clients.Issue({.names = {}});
  config.client_certificate.inline_bytes = mine.certificate;
  config.client_key.inline_bytes = mine.key;
  Reconnect(config);
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);

  config.client_key.inline_bytes = clients.Issue({.names = {}}).key;
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls) << "the key of another certificate";
}

TEST_P(Conformance, ClientCertificateThatWasReplacedIsTakenWhereTheOldOneIsRefused) {
  const Authority old("old clients");
  const Authority fresh("new clients");
  server_ =
      std::make_unique<FaultServer>("127.0.0.1", FaultServer::Tls{authority().Issue({}), fresh.certificate()}, kWell);
  const Files files;
  Pair pair = old.Issue({.names = {}});
  auto config = Config();
  config.client_certificate = files.Put("cert", pair.certificate);
  config.client_key = files.Put("key", pair.key);
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls);
  pair = fresh.Issue({.names = {}});
  files.Put("cert", pair.certificate);
  files.Put("key", pair.key);
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);
}

TEST_P(Conformance, AuthorityThatWasReplacedIsTakenWhereTheOldOneDoesNotFit) {
  Serve(kWell);
  const Files files;
  auto config = Config();
  config.certificate_authority = files.Put("ca", Authority("old").certificate());
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls);
  files.Put("ca", authority().certificate());
  const auto answer = Get();
  EXPECT_TRUE(answer) << Say(answer);
}

TEST_P(Conformance, TokenThatWasReplacedIsTakenWhereTheOldOneIsRefused) {
  std::atomic<int> writes = 0;
  const Ending ending(*this);
  Serve([&](Peer& peer) {
    while (auto asked = peer.Read()) {
      const bool known = asked->headers["authorization"] == "Bearer fresh";
      if (known && asked->method == "POST") ++writes;
      peer.Write(known ? Answer(200, "{}") : Answer(401, "{\"kind\":\"Status\"}"));
    }
  });
  const Files files;
  auto config = Config();
  config.token = files.Put("token", "expired\n");
  Reconnect(config);
  auto answer = Get();
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->status, 401) << "nothing better is there";

  files.Put("token", "fresh\n");
  answer = Post("{}");
  ASSERT_TRUE(answer) << Say(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(writes, 1);
}

TEST_P(Conformance, TokenThatWasReplacedIsTakenForStreamsToo) {
  Serve([](Peer& peer) {
    while (auto asked = peer.Read()) {
      const bool known = asked->headers["authorization"] == "Bearer fresh";
      peer.Write(known ? ChunkedHead() + Chunk("well\n") + std::string(kLastChunk) : Answer(401, "{}"));
    }
  });
  const Files files;
  auto config = Config();
  config.token = files.Put("token", "expired");
  Reconnect(config);
  Request request;
  request.target = "/x";
  EXPECT_EQ(transport().Open(request, kLong)->head.status, 401);
  files.Put("token", "fresh");
  const auto stream = Open();
  ASSERT_TRUE(stream);
  EXPECT_THAT(AllLines(*stream), ::testing::ElementsAre("well"));
}

TEST_P(Conformance, WhatCannotBeUsedIsAnErrorOfEachRequest) {
  Serve(kWell);
  auto config = Config();
  config.token = {"", "/does/not/exist"};
  Reconnect(config);
  EXPECT_THAT(Get().error().what, HasSubstr("/does/not/exist"));
  config = Config();
  config.certificate_authority.inline_bytes = "no certificate";
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kTls);
  config = Config();
  config.server = "nonsense";
  Reconnect(config);
  EXPECT_EQ(KindOf(Get()), Kind::kUnreachable);
  EXPECT_EQ(server_->connections(), 0);
}

}  // namespace
}  // namespace podmirror::kube::conformance
