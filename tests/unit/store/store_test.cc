#include "operator/store/store.h"

#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace podmirror::store {
namespace {

using testing::Shop;
using testing::Time;

const Instant kNow = Time("2026-06-01T00:00:00Z");

// One object of each kind.
std::vector<AnyObject> OneOfEach() {
  testing::Cluster cluster = Shop();
  return {cluster.snapshot.filters.begin()->second,
          cluster.snapshot.targets.begin()->second,
          cluster.snapshot.sessions.begin()->second,
          cluster.snapshot.pods.begin()->second,
          cluster.Namespace("shop"),
          cluster.snapshot.services.begin()->second,
          cluster.snapshot.endpoint_slices.begin()->second};
}

std::size_t Count(const Snapshot& s) {
  return s.filters.size() + s.targets.size() + s.sessions.size() + s.pods.size() + s.namespaces.size() +
         s.services.size() + s.endpoint_slices.size();
}

TEST(Store, EveryKindIsKeptInItsOwnPlaceAndRemovedFromThere) {
  Store store;
  std::size_t count = 0;
  for (const AnyObject& object : OneOfEach()) {
    EXPECT_EQ(static_cast<std::size_t>(KindOf(object)), object.index());
    store.Put(object);
    EXPECT_EQ(Count(store.Snapshot(kNow)), ++count);
  }
  const Snapshot& s = store.Snapshot(kNow);
  EXPECT_TRUE(s.filters.contains({"shop", "all"}));
  EXPECT_TRUE(s.targets.contains({"shop", "ids"}));
  EXPECT_TRUE(s.sessions.contains({"shop", "tap"}));
  EXPECT_TRUE(s.pods.contains({"shop", "ids-1"}));
  EXPECT_TRUE(s.namespaces.contains({"", "shop"}));
  EXPECT_TRUE(s.services.contains({"shop", "ids"}));
  EXPECT_TRUE(s.endpoint_slices.contains({"shop", "ids-a"}));
  for (const AnyObject& object : OneOfEach()) {
    store.Remove(KindOf(object), KeyOf(object));
    EXPECT_EQ(Count(store.Snapshot(kNow)), --count);
  }
}

TEST(Store, ANewVersionReplacesTheOldOne) {
  Store store;
  api::Pod pod = Shop().snapshot.pods.at({"shop", "web-1"});
  store.Put(pod);
  pod.node = "n9";
  store.Put(pod);
  ASSERT_EQ(store.Snapshot(kNow).pods.size(), 1u);
  EXPECT_EQ(store.Snapshot(kNow).pods.at({"shop", "web-1"}), pod);
}

TEST(Store, RemovingWhatIsNotThereOrOfAnotherKindChangesNothing) {
  Store store;
  store.Put(Shop().snapshot.targets.at({"shop", "ids"}));
  store.Remove(Kind::kService, {"shop", "ids"});
  store.Remove(Kind::kTarget, {"bank", "ids"});
  EXPECT_EQ(store.Snapshot(kNow).targets.size(), 1u);
}

TEST(Store, ASnapshotCarriesTheMomentItWasAskedFor) {
  Store store;
  EXPECT_EQ(store.Snapshot(kNow).now, kNow);
  EXPECT_EQ(store.Snapshot(kNow + std::chrono::seconds(5)).now, kNow + std::chrono::seconds(5));
}

TEST(Store, PutSaysWhetherAnythingChanged) {
  Store store;
  for (AnyObject& object : OneOfEach()) {
    EXPECT_TRUE(store.Put(object));
    EXPECT_FALSE(store.Put(object));
  }
  api::Pod pod = Shop().snapshot.pods.begin()->second;
  pod.node = "n9";
  EXPECT_TRUE(store.Put(pod));
}

TEST(Store, AStatusThatTheApiServerShowsIsKeptAndChangesNothing) {
  Store store;
  api::TrafficMirrorSession session = Shop().snapshot.sessions.begin()->second;
  store.Put(session);
  session.status = "{}";
  EXPECT_FALSE(store.Put(session));
  EXPECT_EQ(store.Snapshot(kNow).sessions.begin()->second.status, "{}");
  session.status_vni = testing::Number(7);
  EXPECT_TRUE(store.Put(session)) << "an allotted number is an input";
}

TEST(Store, TakeHandsOutWhatItRemoves) {
  Store store;
  store.Put(Shop().snapshot.pods.at({"shop", "web-1"}));
  const auto taken = store.Take(Kind::kPod, {"shop", "web-1"});
  ASSERT_TRUE(taken);
  EXPECT_EQ(KeyOf(*taken), (ObjectKey{"shop", "web-1"}));
  EXPECT_FALSE(store.Take(Kind::kPod, {"shop", "web-1"}));
}

TEST(Store, AListReplacesWhatWasKnownButForWhatCannotBeRead) {
  Store store;
  for (const auto& [key, pod] : Shop().snapshot.pods) store.Put(pod);
  const auto counted = store.Snapshot(kNow).pod_changes;
  const auto same =
      store.Replace(Kind::kPod, {Shop().snapshot.pods.at({"shop", "ids-1"})}, {{"shop", "web-1"}, {"shop", "web-2"}});
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(store.Snapshot(kNow).pod_changes, counted);
  const auto replaced = store.Replace(Kind::kPod, {Shop().snapshot.pods.at({"shop", "ids-1"})}, {{"shop", "web-1"}});
  EXPECT_TRUE(replaced.changed);
  ASSERT_EQ(replaced.gone.size(), 1u);
  EXPECT_EQ(KeyOf(replaced.gone[0]), (ObjectKey{"shop", "web-2"}));
  EXPECT_EQ(store.Snapshot(kNow).pods.size(), 2u);
  EXPECT_NE(store.Snapshot(kNow).pod_changes, counted);
}

}  // namespace
}  // namespace podmirror::store
