#include "operator/app/agents.h"

#include <gtest/gtest.h>

namespace podmirror::app {
namespace {

const ObjectKey kAccount{"podmirror-system", "podmirror-agent"};
const Instant kNow = ParseInstant("2026-01-01T00:00:00Z").value();
const Instant kLater = ParseInstant("2026-01-01T01:00:00Z").value();

kube::TokenOwner Owner() { return {kAccount, "agent-1", "uid-1", "n1"}; }

store::Snapshot World() {
  store::Snapshot snapshot;
  snapshot.now = kNow;
  api::Pod pod;
  pod.meta.key = {"podmirror-system", "agent-1"};
  pod.meta.uid = "uid-1";
  pod.node = "n1";
  pod.phase = api::PodPhase::kRunning;
  snapshot.pods[pod.meta.key] = pod;
  return snapshot;
}

Result<push::Agent> Judge(const kube::TokenOwner& owner, const store::Snapshot& world = World(),
                          Instant expires = kLater) {
  return JudgeAgent(owner, expires, world, kAccount);
}

TEST(JudgeAgent, AnAgentIsKnownByItsPod) {
  const auto agent = Judge(Owner());
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->node, "n1");
  EXPECT_EQ(agent->pod_uid, "uid-1");
  EXPECT_EQ(agent->expires, kLater);
}

TEST(JudgeAgent, TheNodeIsThePodsAlsoWhereTheTokenNamesNone) {
  kube::TokenOwner owner = Owner();
  owner.node = "";
  EXPECT_EQ(Judge(owner)->node, "n1");
}

TEST(JudgeAgent, AnotherServiceAccountIsRefused) {
  kube::TokenOwner owner = Owner();
  owner.service_account.name = "default";
  EXPECT_FALSE(Judge(owner));
}

TEST(JudgeAgent, TheSameNameInAnotherNamespaceIsRefused) {
  kube::TokenOwner owner = Owner();
  owner.service_account.ns = "shop";
  EXPECT_FALSE(Judge(owner));
}

TEST(JudgeAgent, ATokenThatIsBoundToNoPodIsRefused) {
  kube::TokenOwner owner = Owner();
  owner.pod_uid = "";
  EXPECT_FALSE(Judge(owner));
  owner = Owner();
  owner.pod_name = "";
  EXPECT_FALSE(Judge(owner));
}

TEST(JudgeAgent, ATokenOfAPodThatIsGoneIsRefused) { EXPECT_FALSE(Judge(Owner(), store::Snapshot{.now = kNow})); }

TEST(JudgeAgent, ATokenOfAnEarlierPodOfThatNameIsRefused) {
  kube::TokenOwner owner = Owner();
  owner.pod_uid = "uid-0";
  EXPECT_FALSE(Judge(owner));
}

TEST(JudgeAgent, ATokenThatNamesAnotherNodeThanItsPodIsRefused) {
  kube::TokenOwner owner = Owner();
  owner.node = "n2";
  EXPECT_FALSE(Judge(owner));
}

TEST(JudgeAgent, APodThatHasEndedIsNoAgent) {
  for (const auto phase : {api::PodPhase::kSucceeded, api::PodPhase::kFailed}) {
    store::Snapshot world = World();
    world.pods.begin()->second.phase = phase;
    EXPECT_FALSE(Judge(Owner(), world));
  }
  store::Snapshot world = World();
  world.pods.begin()->second.meta.deleting = true;
  EXPECT_FALSE(Judge(Owner(), world));
}

TEST(JudgeAgent, APodOnNoNodeIsNoAgent) {
  store::Snapshot world = World();
  world.pods.begin()->second.node = "";
  kube::TokenOwner owner = Owner();
  owner.node = "";
  EXPECT_FALSE(Judge(owner, world));
}

TEST(JudgeAgent, ATokenThatHasExpiredIsRefused) { EXPECT_FALSE(Judge(Owner(), World(), kNow)); }

}  // namespace
}  // namespace podmirror::app
