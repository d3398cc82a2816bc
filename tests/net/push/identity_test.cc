// Certificates that change while the server runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/push/push_world.h"

namespace podmirror::push {
namespace {

using testing::HasSubstr;

using IdentityOfServer = PushWorld;

TEST_F(IdentityOfServer, ANewOneIsShownToNewAgentsAndOldStreamsGoOn) {
  Start();
  const auto agent = Joined("a");
  const Certificates next = NewCertificates();
  server_->UseIdentity(IdentityOf(next));
  // The change is under way when UseIdentity() returns: what is shown is the old one or the new one, and soon the new.
  const auto start = std::chrono::steady_clock::now();
  bool trusted = false;
  while (!trusted && std::chrono::steady_clock::now() - start < kPatience) {
    trusted = Client(server_->port()).Tls(next.bundle);
  }
  EXPECT_TRUE(trusted);
  EXPECT_FALSE(Client(server_->port()).Tls(certificates_.bundle));
  Publish("a", "a1");
  EXPECT_EQ(agent->ReadFrame()->payload, "a1");
}

TEST_F(IdentityOfServer, OneThatCannotBeUsedIsReportedAndTheOldOneStays) {
  Start();
  server_->UseIdentity({"no PEM", "no key"});
  EXPECT_TRUE(Await("misbehaved : tls.crt: cannot read the certificates; give PEM: the server's own first"));
  EXPECT_TRUE(Client(server_->port()).Tls(certificates_.bundle));
}

TEST_F(IdentityOfServer, AnotherNameAndAnotherAuthorityAreNotTrusted) {
  Start();
  EXPECT_FALSE(Client(server_->port()).Tls(certificates_.bundle, "other.test"));
  EXPECT_FALSE(Client(server_->port()).Tls(NewCertificates().bundle));
}

}  // namespace
}  // namespace podmirror::push
