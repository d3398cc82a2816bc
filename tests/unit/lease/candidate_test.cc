#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "operator/kube/clock.h"
#include "operator/kube/lease_candidate.h"
#include "tests/unit/lease/lease_server.h"

namespace podmirror::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;

// One who wants the lease, with a clock of its own: moments on two machines are never compared.
struct One {
  One(testing::LeaseServer& server, const std::string& identity) {
    clock.now += std::chrono::hours(identity.size() * 1000 + static_cast<unsigned char>(identity.back()));
    LeaseSettings settings{{"podmirror", "operator"}, identity};
    candidate = std::make_unique<Candidate>(
        server, settings, clock, [this](std::optional<Epoch> epoch) { told.push_back(epoch); },
        [this](const Error& error) { troubles.push_back(Describe(error)); });
  }
  milliseconds Round() { return candidate->Round(); }
  bool leading() const { return candidate->leading(); }
  std::int64_t transitions() const { return told.back().value().lease_transitions; }

  testing::StillClock clock;
  std::unique_ptr<Candidate> candidate;
  std::vector<std::optional<Epoch>> told;
  std::vector<std::string> troubles;
};

class LeaseTest : public ::testing::Test {
 protected:
  void Pass(milliseconds time) {
    for (One* one : {&a, &b}) one->clock.Pass(time);
  }
  static std::expected<Response, TransportError> Unreachable() {
    return std::unexpected(TransportError{TransportError::Kind::kUnreachable, "connection refused"});
  }
  void GoAway() {
    server.before = [](const Request&) { return Unreachable(); };
  }
  void ComeBack() { server.before = nullptr; }

  testing::LeaseServer server;
  One a{server, "a"};
  One b{server, "b"};
};

TEST_F(LeaseTest, TheFirstMakesTheLeaseAndLeads) {
  a.Round();
  EXPECT_TRUE(a.leading());
  ASSERT_EQ(a.told.size(), 1u);
  EXPECT_EQ(a.told[0], (Epoch{ParseInstant("2026-11-24T11:00:00Z").value(), 0}));
  EXPECT_EQ(server.spec().at("holderIdentity"), "a");
  EXPECT_EQ(server.spec().at("leaseDurationSeconds"), 15);
  EXPECT_EQ(server.spec().at("renewTime"), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(server.lease->at("metadata").at("namespace"), "podmirror");
}

TEST_F(LeaseTest, TheSecondWaits) {
  a.Round();
  b.Round();
  EXPECT_FALSE(b.leading());
  EXPECT_THAT(b.told, IsEmpty());
  EXPECT_THAT(server.requests, ElementsAre("GET", "POST", "GET"));
}

TEST_F(LeaseTest, RenewingChangesTheTimeAndNothingElse) {
  a.Round();
  Pass(seconds(2));
  const milliseconds wait = a.Round();
  EXPECT_EQ(wait, seconds(2));
  EXPECT_EQ(server.spec().at("renewTime"), "1970-01-01T00:00:02.000000Z");
  EXPECT_EQ(server.spec().at("acquireTime"), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(server.spec().at("leaseTransitions"), 0);
  EXPECT_EQ(a.told.size(), 1u);
}

TEST_F(LeaseTest, ALeaderThatRenewsIsNeverReplaced) {
  for (int i = 0; i < 100; ++i) {
    a.Round();
    b.Round();
    Pass(seconds(2));
    EXPECT_TRUE(a.leading());
    EXPECT_FALSE(b.leading());
  }
  EXPECT_EQ(a.told.size(), 1u);
}

TEST_F(LeaseTest, ADeadLeaderIsReplacedAfterTheDurationAndNotSooner) {
  a.Round();
  b.Round();  // sees it
  for (int i = 0; i < 14; ++i) {
    Pass(seconds(1));
    b.Round();
    EXPECT_FALSE(b.leading());
  }
  Pass(milliseconds(999));
  b.Round();
  EXPECT_FALSE(b.leading());
  Pass(milliseconds(1));
  b.Round();
  EXPECT_TRUE(b.leading());
  EXPECT_EQ(b.transitions(), 1);
  EXPECT_EQ(server.spec().at("holderIdentity"), "b");
}

// Its times may be wrong by years: what counts is when we saw it change.
TEST_F(LeaseTest, TheTimesInALeaseAreNeverBelieved) {
  for (const char* time : {"1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "nonsense"}) {
    a.Round();
    server.lease->at("spec")["renewTime"] = time;
    One fresh(server, "fresh");
    fresh.Round();
    EXPECT_FALSE(fresh.leading());
    fresh.clock.Pass(seconds(14));
    fresh.Round();
    EXPECT_FALSE(fresh.leading());
  }
}

TEST_F(LeaseTest, TwoNeverLeadAtOnce) {
  for (int i = 0; i < 2000; ++i) {
    // Now and then one of the two does nothing for a while.
    if (i % 40 < 25) a.Round();
    if (i % 70 < 50) b.Round();
    EXPECT_FALSE(a.leading() && b.leading()) << i;
    Pass(seconds(1));
  }
  EXPECT_GT(a.told.size() + b.told.size(), 20u);
}

TEST_F(LeaseTest, EpochsOnlyGrow) {
  std::optional<Epoch> last;
  for (int i = 0; i < 5; ++i) {
    for (One* one : {&a, &b}) {
      Pass(seconds(30));
      one->Round();
      Pass(seconds(30));
      one->Round();
      ASSERT_TRUE(one->leading());
      if (last) {
        EXPECT_GT(one->told.back(), last);
      }
      last = one->told.back();
    }
  }
}

TEST_F(LeaseTest, WhoCannotRenewStopsLeadingAtTheDeadlineEvenIfItDoesNothing) {
  a.Round();
  GoAway();
  Pass(milliseconds(9'999));
  EXPECT_TRUE(a.leading());
  Pass(milliseconds(1));
  EXPECT_FALSE(a.leading());  // its thread need not have run
  a.Round();
  EXPECT_THAT(a.told, ElementsAre(::testing::Ne(std::nullopt), std::nullopt));
}

// From before the request was sent: the server may have taken long, and others count from when they saw it.
TEST_F(LeaseTest, ARenewalCountsFromWhenItWasSent) {
  server.before = [this](const Request& request) -> std::optional<std::expected<Response, TransportError>> {
    if (request.method == "POST") a.clock.Pass(seconds(4));
    return std::nullopt;
  };
  a.Round();
  EXPECT_TRUE(a.leading());
  a.clock.Pass(seconds(6));
  EXPECT_FALSE(a.leading());
}

TEST_F(LeaseTest, AnAnswerThatComesAfterTheDeadlineMakesNoLeader) {
  server.before = [this](const Request& request) -> std::optional<std::expected<Response, TransportError>> {
    if (request.method == "POST") a.clock.Pass(seconds(11));
    return std::nullopt;
  };
  a.Round();
  EXPECT_FALSE(a.leading());
  EXPECT_THAT(a.told, IsEmpty());
}

TEST_F(LeaseTest, ALeaderThatWasAwayShortlyGoesOnInItsEpoch) {
  a.Round();
  GoAway();
  Pass(seconds(12));
  a.Round();
  ComeBack();
  a.Round();
  EXPECT_TRUE(a.leading());
  EXPECT_THAT(a.told, ElementsAre(a.told[0], std::nullopt, a.told[0]));
}

TEST_F(LeaseTest, WhoWasReplacedStopsAtOnceWhenItSeesThat) {
  a.Round();
  server.lease->at("spec")["holderIdentity"] = "c";
  server.lease->at("metadata")["resourceVersion"] = "77";
  Pass(seconds(2));
  a.Round();
  EXPECT_FALSE(a.leading());
  EXPECT_EQ(a.told.back(), std::nullopt);
}

TEST_F(LeaseTest, WhoLosesTheRaceDoesNotLead) {
  a.Round();
  Pass(seconds(30));
  b.Round();
  Pass(seconds(15));
  // Between what b sees and what it writes, a writes.
  server.before =
      [this, once = true](const Request& request) mutable -> std::optional<std::expected<Response, TransportError>> {
    if (request.method == "PUT" && std::exchange(once, false)) server.lease->at("metadata")["resourceVersion"] = "99";
    return std::nullopt;
  };
  b.Round();
  EXPECT_FALSE(b.leading());
  EXPECT_THAT(b.told, IsEmpty());
  EXPECT_THAT(b.troubles, IsEmpty());
}

TEST_F(LeaseTest, WhoLosesTheRaceToMakeTheLeaseDoesNotLead) {
  // b has seen no lease, and a makes one before b does.
  server.before = [](const Request& request) -> std::optional<std::expected<Response, TransportError>> {
    if (request.method == "GET") return Response{404, {}, "{}"};
    return std::nullopt;
  };
  a.Round();
  b.Round();
  EXPECT_TRUE(a.leading());
  EXPECT_FALSE(b.leading());
}

TEST_F(LeaseTest, AWriteWhoseAnswerWasLostIsFoundInTheNextRound) {
  server.answers_are_lost = true;
  server.before = [this](const Request& request) -> std::optional<std::expected<Response, TransportError>> {
    server.answers_are_lost = request.method != "GET";
    return std::nullopt;
  };
  a.Round();
  EXPECT_FALSE(a.leading());
  server.before = nullptr;
  server.answers_are_lost = false;
  a.Round();
  EXPECT_TRUE(a.leading());
  EXPECT_EQ(a.transitions(), 0);
}

TEST_F(LeaseTest, ALeaseThatIsDeletedIsMadeAnewWithALaterEpoch) {
  Pass(seconds(60));
  a.Round();
  b.Round();
  Pass(seconds(15));
  b.Round();
  ASSERT_TRUE(b.leading());
  ASSERT_EQ(b.transitions(), 1);
  const Epoch before = b.told.back().value();
  server.lease.reset();
  server.created = "2026-11-24T11:05:00Z";
  Pass(seconds(2));
  b.Round();
  EXPECT_TRUE(b.leading());
  ASSERT_EQ(b.told.size(), 2u);
  EXPECT_EQ(b.transitions(), 0);
  EXPECT_GT(b.told.back().value(), before);
}

TEST_F(LeaseTest, ALeaseThatAnotherMadeAnewIsTheOthers) {
  a.Round();
  b.Round();
  server.lease.reset();
  b.Round();
  EXPECT_TRUE(b.leading());
  a.Round();
  EXPECT_FALSE(a.leading());
  EXPECT_EQ(a.told.back(), std::nullopt);
}

TEST_F(LeaseTest, ReleasingLetsTheOtherLeadAtOnce) {
  a.Round();
  b.Round();
  Pass(seconds(2));
  a.candidate->Release();
  EXPECT_FALSE(a.leading());
  EXPECT_EQ(a.told.back(), std::nullopt);
  EXPECT_EQ(server.spec().at("holderIdentity"), "");
  EXPECT_EQ(server.spec().at("leaseDurationSeconds"), 1);
  EXPECT_LE(server.timeouts.back(), seconds(1)) << "an exit must not wait";
  b.Round();
  EXPECT_TRUE(b.leading());
  EXPECT_EQ(b.transitions(), 1);
}

TEST_F(LeaseTest, WhoDoesNotLeadReleasesNothing) {
  a.Round();
  b.Round();
  const std::size_t before = server.requests.size();
  b.candidate->Release();
  Pass(seconds(11));
  a.candidate->Release();  // its deadline has passed
  EXPECT_EQ(server.requests.size(), before);
  EXPECT_EQ(server.spec().at("holderIdentity"), "a");
}

TEST_F(LeaseTest, WaitsAreScatteredWhileAnotherLeads) {
  a.Round();
  b.clock.chance = 0;
  EXPECT_EQ(b.Round(), seconds(2));
  b.clock.chance = 1;
  EXPECT_EQ(b.Round(), milliseconds(4400));
}

TEST_F(LeaseTest, ALeaderWhoseTimeRunsOutAwakesInTime) {
  a.Round();
  GoAway();
  Pass(milliseconds(9'500));
  EXPECT_THAT(a.Round(), AllOf(Ge(milliseconds(500)), Le(milliseconds(501))));
}

TEST_F(LeaseTest, NoRequestMayTakeLongerThanHalfTheDeadline) {
  a.Round();
  a.Round();
  for (const milliseconds timeout : server.timeouts) EXPECT_LE(timeout, seconds(5));
}

TEST_F(LeaseTest, TroubleIsSaidOnceForEachReason) {
  GoAway();
  a.Round();
  a.Round();
  server.before = [](const Request&) { return std::expected<Response, TransportError>(Response{403, {}, "{}"}); };
  a.Round();
  a.Round();
  EXPECT_THAT(a.troubles, ElementsAre(HasSubstr("connection refused"), HasSubstr("grant get, create and update")));
  ComeBack();
  a.Round();
  GoAway();
  a.Round();
  EXPECT_EQ(a.troubles.size(), 3u) << "it was well in between";
}

TEST_F(LeaseTest, ALeaseThatCannotBeReadMakesNoLeader) {
  for (const char* body : {"", "[]", "{}", R"({"metadata":{"creationTimestamp":"x","resourceVersion":"1"}})"}) {
    server.before = [body](const Request&) { return std::expected<Response, TransportError>(Response{200, {}, body}); };
    a.Round();
    EXPECT_FALSE(a.leading()) << body;
  }
}

TEST(MicroTime, HasExactlySixDecimals) {
  using std::chrono::system_clock;
  EXPECT_EQ(FormatMicroTime(system_clock::time_point{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatMicroTime(system_clock::time_point{} + std::chrono::microseconds(1'000'042)),
            "1970-01-01T00:00:01.000042Z");
  EXPECT_EQ(FormatMicroTime(system_clock::time_point{} + std::chrono::milliseconds(999)),
            "1970-01-01T00:00:00.999000Z");
}

}  // namespace
}  // namespace podmirror::kube
