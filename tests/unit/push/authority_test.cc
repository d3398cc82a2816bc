#include "operator/push/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <set>

#include "operator/push/certificate.h"
#include "operator/push/tls.h"

namespace podmirror::push {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const Instant kStart = *ParseInstant("2026-11-24T12:00:00Z");
const AuthoritySettings kSettings{.dns_names = {"podmirror-operator.podmirror.svc", "podmirror-operator"}};

Renewed MustRenew(const Certificates& current, Instant now, const AuthoritySettings& settings = kSettings) {
  auto renewed = Renew(current, now, settings);
  EXPECT_TRUE(renewed) << Describe(renewed.error());
  return *std::move(renewed);
}

// As an agent does it: the certificate shown, at `now`, against a bundle, for the Service's name.
bool Trusts(const std::string& bundle, const std::string& shown, Instant now,
            const char* name = "podmirror-operator.podmirror.svc") {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  for (const Certificate& authority : ReadAll(bundle)) X509_STORE_add_cert(store.get(), authority.get());
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
  const auto leaf = ReadAll(shown);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.at(0).get(), nullptr);
  X509_VERIFY_PARAM* const terms = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(terms, std::chrono::floor<seconds>(now).time_since_epoch().count());
  X509_VERIFY_PARAM_set1_host(terms, name, 0);
  X509_VERIFY_PARAM_set_flags(terms, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(terms, X509_PURPOSE_SSL_SERVER);
  return X509_verify_cert(context.get()) == 1;
}

std::size_t CountOf(const std::string& pem) { return ReadAll(pem).size(); }

TEST(Authority, TheFirstCertificatesAreTrustedByTheirBundleForEachName) {
  const Certificates made = MustRenew({}, kStart).certificates;
  EXPECT_TRUE(Trusts(made.bundle, made.certificate, kStart));
  EXPECT_TRUE(Trusts(made.bundle, made.certificate, kStart, "podmirror-operator"));
  EXPECT_FALSE(Trusts(made.bundle, made.certificate, kStart, "kubernetes.default.svc"));
  EXPECT_TRUE(MakeContext(IdentityOf(made)));
  EXPECT_EQ(made.next_authority, "");
  EXPECT_EQ(CountOf(made.bundle), 1U);
}

TEST(Authority, ClocksThatAreHalfAnHourBehindTrustItToo) {
  const Certificates made = MustRenew({}, kStart).certificates;
  EXPECT_TRUE(Trusts(made.bundle, made.certificate, kStart - minutes(30)));
}

TEST(Authority, NothingChangesWhereNothingIsDue) {
  const Renewed first = MustRenew({}, kStart);
  for (const auto later : {seconds(0), seconds(1), seconds(86400), seconds(86400 * 19)}) {
    const Renewed again = MustRenew(first.certificates, kStart + later);
    EXPECT_EQ(again.certificates, first.certificates) << later.count();
    EXPECT_EQ(again.look_again, first.look_again);
  }
}

TEST(Authority, TheCertificateIsRenewedAtTwoThirdsOfItsLifeByTheSameAuthority) {
  const Renewed first = MustRenew({}, kStart);
  EXPECT_EQ(first.look_again, kStart + days(20));
  const Renewed second = MustRenew(first.certificates, first.look_again);
  EXPECT_NE(second.certificates.certificate, first.certificates.certificate);
  EXPECT_NE(second.certificates.key, first.certificates.key);
  EXPECT_EQ(second.certificates.authority, first.certificates.authority);
  EXPECT_EQ(second.certificates.bundle, first.certificates.bundle);
  EXPECT_EQ(second.look_again, kStart + days(40));
}

TEST(Authority, TheNextAuthorityIsInTheBundleForTheOverlapBeforeItSigns) {
  Renewed at = MustRenew({}, kStart);
  const std::string first_authority = at.certificates.authority;
  Instant now = kStart;
  while (at.certificates.next_authority.empty()) {
    now = at.look_again;
    ASSERT_LT(now, kStart + days(300));
    at = MustRenew(at.certificates, now);
  }
  EXPECT_GE(now, kStart + hours(365 * 24) * 2 / 3);
  const Certificates waiting = at.certificates;
  EXPECT_EQ(waiting.authority, first_authority);
  EXPECT_EQ(CountOf(waiting.bundle), 2U);
  EXPECT_EQ(at.look_again, now + kSettings.overlap);
  EXPECT_EQ(MustRenew(waiting, now + kSettings.overlap - seconds(1)).certificates, waiting);

  const Certificates after = MustRenew(waiting, now + kSettings.overlap).certificates;
  EXPECT_EQ(after.next_authority, "");
  EXPECT_EQ(after.authority_key, waiting.next_authority_key);
  EXPECT_TRUE(Trusts(waiting.bundle, after.certificate, now)) << "who read the bundle before trusts what is shown now";
  EXPECT_TRUE(Trusts(after.bundle, waiting.certificate, now)) << "what was shown before is still trusted";
  EXPECT_FALSE(Trusts(first_authority, after.certificate, now)) << "the new one signs";
}

TEST(Authority, ARetiredAuthorityLeavesTheBundleWhenAllThatItSignedHasEnded) {
  Renewed at = MustRenew({}, kStart);
  Instant now = kStart;
  const auto step_until = [&](auto done) {
    while (!done() && now < kStart + days(400)) {
      now = at.look_again;
      at = MustRenew(at.certificates, now);
    }
  };
  step_until([&] { return !at.certificates.next_authority.empty(); });
  step_until([&] { return at.certificates.next_authority.empty(); });
  const Instant signs = now;
  EXPECT_EQ(CountOf(at.certificates.bundle), 2U);
  step_until([&] { return CountOf(at.certificates.bundle) == 1; });
  EXPECT_GE(now, signs + kSettings.certificate_life);
  EXPECT_LT(now, signs + kSettings.certificate_life + days(1));
}

// Ten years in the steps that Renew() itself asks for. An agent reads the bundle up to five minutes late.
TEST(Authority, ThroughAllRotationsEveryAgentTrustsWhatIsShown) {
  Renewed at = MustRenew({}, kStart);
  std::map<Instant, std::string> bundles{{kStart, at.certificates.bundle}};
  std::set<std::string> authorities{at.certificates.authority_key};
  int steps = 0;
  for (Instant now = kStart; now < kStart + days(3650); ++steps) {
    ASSERT_GT(at.look_again, now);
    const std::string shown = at.certificates.certificate;
    EXPECT_TRUE(Trusts(at.certificates.bundle, shown, at.look_again - seconds(1)));
    now = at.look_again;
    at = MustRenew(at.certificates, now);
    const auto late = std::prev(bundles.upper_bound(now - kSettings.overlap))->second;
    EXPECT_TRUE(Trusts(late, at.certificates.certificate, now)) << FormatInstant(now);
    EXPECT_TRUE(Trusts(at.certificates.bundle, shown, now)) << FormatInstant(now);
    EXPECT_LE(CountOf(at.certificates.bundle), 3U);
    bundles[now] = at.certificates.bundle;
    authorities.insert(at.certificates.authority_key);
  }
  EXPECT_GE(authorities.size(), 14U);
  EXPECT_LT(steps, 400);
}

TEST(Authority, WhatCannotBeReadIsReplaced) {
  const Certificates good = MustRenew({}, kStart).certificates;
  const Certificates other = MustRenew({}, kStart).certificates;
  std::vector<Certificates> bad(6, good);
  bad[0].authority = "no PEM";
  bad[1].authority_key = "";
  bad[2].authority_key = other.authority_key;
  bad[3].key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  bad[4].certificate = other.certificate;
  bad[5].certificate = good.authority, bad[5].key = good.authority_key;  // the authority itself is shown
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const Certificates mended = MustRenew(bad[i], kStart + hours(1)).certificates;
    EXPECT_TRUE(Trusts(mended.bundle, mended.certificate, kStart + hours(1))) << i;
    EXPECT_TRUE(MakeContext(IdentityOf(mended))) << i;
    EXPECT_EQ(mended.authority_key == good.authority_key, i >= 3) << i;
    EXPECT_EQ(MustRenew(mended, kStart + hours(1)).certificates, mended) << i;
  }
}

TEST(Authority, AKeyBehindAPasswordIsReplacedWithoutAsking) {
  Certificates locked = MustRenew({}, kStart).certificates;
  locked.key =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAc\n-----END "
      "ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_TRUE(MakeContext(IdentityOf(MustRenew(locked, kStart).certificates)));
}

TEST(Authority, AForeignCertificateInTheBundleIsTakenOut) {
  const Certificates good = MustRenew({}, kStart).certificates;
  const Certificates foreign = MustRenew({}, kStart).certificates;
  Certificates forged = good;
  forged.bundle += foreign.authority;
  EXPECT_EQ(MustRenew(forged, kStart).certificates, good);
}

TEST(Authority, OtherDnsNamesMakeAnotherCertificateByTheSameAuthority) {
  const Certificates good = MustRenew({}, kStart).certificates;
  AuthoritySettings moved = kSettings;
  moved.dns_names = {"mirror.tools.svc"};
  const Certificates mended = MustRenew(good, kStart, moved).certificates;
  EXPECT_EQ(mended.authority, good.authority);
  EXPECT_TRUE(Trusts(good.bundle, mended.certificate, kStart, "mirror.tools.svc"));
  EXPECT_FALSE(Trusts(good.bundle, mended.certificate, kStart, "podmirror-operator"));
}

TEST(Authority, AfterAYearWithoutAnOperatorEverythingIsMadeAnew) {
  const Certificates good = MustRenew({}, kStart).certificates;
  const Instant now = kStart + days(400);
  const Certificates mended = MustRenew(good, now).certificates;
  EXPECT_TRUE(Trusts(mended.bundle, mended.certificate, now));
  EXPECT_EQ(CountOf(mended.bundle), 1U);
}

TEST(Authority, WhatAClockInTheFutureMadeIsReplaced) {
  const Certificates ahead = MustRenew({}, kStart + days(3)).certificates;
  const Certificates mended = MustRenew(ahead, kStart).certificates;
  EXPECT_TRUE(Trusts(mended.bundle, mended.certificate, kStart));
}

TEST(Authority, ANextAuthorityWithoutItsKeyIsMadeAnew) {
  const AuthoritySettings settings = kSettings;
  Certificates waiting = MustRenew(MustRenew({}, kStart).certificates, kStart + days(244)).certificates;
  ASSERT_NE(waiting.next_authority, "");
  const std::string before = waiting.next_authority;
  waiting.next_authority_key.clear();
  const Renewed mended = MustRenew(waiting, kStart + days(245), settings);
  EXPECT_NE(mended.certificates.next_authority, before);
  EXPECT_EQ(mended.look_again, kStart + days(245) + settings.overlap);
  EXPECT_EQ(CountOf(mended.certificates.bundle), 2U);
}

TEST(Authority, NoDnsNameAndABadOneAreErrors) {
  const auto none = Renew({}, kStart, {});
  ASSERT_FALSE(none);
  for (const char* name : {"", "a,DNS:b", "a b", "Upper.svc", "*.svc"}) {
    const auto bad = Renew({}, kStart, {.dns_names = {name}});
    ASSERT_FALSE(bad) << name;
    EXPECT_THAT(bad.error().where, HasSubstr(name));
  }
}

TEST(Authority, OnlyTheAuthorityMaySign) {
  const Certificates made = MustRenew({}, kStart).certificates;
  EXPECT_TRUE(IsAuthority(ReadAll(made.authority).at(0)));
  EXPECT_FALSE(IsAuthority(ReadAll(made.certificate).at(0)));
  EXPECT_THAT(DnsNames(ReadAll(made.certificate).at(0)),
              ElementsAre("podmirror-operator.podmirror.svc", "podmirror-operator"));
}

}  // namespace
}  // namespace podmirror::push
