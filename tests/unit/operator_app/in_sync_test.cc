#include "operator/app/in_sync.h"

#include <gtest/gtest.h>

namespace podmirror::app {
namespace {

using kube::Kind;
using std::chrono_literals::operator""s;

const Clock::time_point kStart{std::chrono::hours(1)};

InSync All() {
  InSync sync;
  for (const Kind kind : kube::kAllKinds) sync.Listed(kind, false, kStart);
  return sync;
}

TEST(InSync, ItTakesOneListOfEachKind) {
  InSync sync;
  for (const Kind kind : kube::kAllKinds) {
    EXPECT_FALSE(sync.IsInSync(kStart));
    EXPECT_TRUE(sync.Missing());
    sync.Listed(kind, false, kStart);
  }
  EXPECT_TRUE(sync.IsInSync(kStart));
  EXPECT_FALSE(sync.Missing());
}

TEST(InSync, AKindThatCannotBeListedEndsItUntilItIsListed) {
  InSync sync = All();
  sync.Lost(Kind::kSession, Error{"its CRD is missing", "tms", ""});
  EXPECT_FALSE(sync.IsInSync(kStart));
  EXPECT_FALSE(sync.IsListed(Kind::kSession));
  EXPECT_EQ(sync.Missing()->what, "its CRD is missing");
  sync.Heard(Kind::kSession);
  EXPECT_FALSE(sync.IsInSync(kStart)) << "an event of an old watch is no list";
  sync.Listed(Kind::kSession, false, kStart);
  EXPECT_TRUE(sync.IsInSync(kStart));
}

TEST(InSync, AServerThatIsNotHeardEndsItUntilItIs) {
  InSync sync = All();
  sync.Unheard(Kind::kPod, Error{"connection refused", "", ""});
  EXPECT_FALSE(sync.IsInSync(kStart));
  EXPECT_TRUE(sync.IsListed(Kind::kPod));
  sync.Heard(Kind::kPod);
  EXPECT_TRUE(sync.IsInSync(kStart));
}

TEST(InSync, AListThatLacksSomethingWaitsForAllOtherKinds) {
  InSync sync = All();
  sync.Listed(Kind::kPod, true, kStart);
  for (const Kind kind : kube::kAllKinds) {
    if (kind == Kind::kPod) continue;
    EXPECT_FALSE(sync.IsInSync(kStart));
    sync.Heard(kind);
  }
  EXPECT_TRUE(sync.IsInSync(kStart));
}

TEST(InSync, ItDoesNotWaitForSilentKindsForEver) {
  InSync sync = All();
  sync.Listed(Kind::kPod, true, kStart);
  EXPECT_EQ(sync.due(), kStart + InSync::kPatience);
  EXPECT_FALSE(sync.IsInSync(kStart + InSync::kPatience - 1s));
  EXPECT_TRUE(sync.IsInSync(kStart + InSync::kPatience));
  sync.Pass(kStart + InSync::kPatience);
  EXPECT_EQ(sync.due(), std::nullopt);
}

// A server that lost its data: empty lists of pods first, then the sessions' kind is found to be gone.
TEST(InSync, WhileItWaitsALostKindIsHeardOfInTime) {
  InSync sync = All();
  sync.Listed(Kind::kPod, true, kStart);
  sync.Lost(Kind::kSession, Error{"its CRD is missing", "", ""});
  EXPECT_FALSE(sync.IsInSync(kStart + InSync::kPatience));
}

TEST(InSync, ASecondListWithLossesDoesNotBeginTheWaitAnew) {
  InSync sync = All();
  for (const Kind kind : kube::kAllKinds) sync.Listed(kind, true, kStart);
  EXPECT_TRUE(sync.IsInSync(kStart));
}

}  // namespace
}  // namespace podmirror::app
