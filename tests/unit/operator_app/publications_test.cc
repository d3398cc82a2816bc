#include "operator/app/publications.h"

#include <gtest/gtest.h>

#include "contract/codec.h"

namespace podmirror::app {
namespace {

const Epoch kEpoch{ParseInstant("2026-01-01T00:00:00Z").value(), 3};

DesiredState State(const std::string& pod) {
  DesiredState state;
  state.sources.push_back({{"shop", pod}, "uid-" + pod, {}, {}, {}});
  return state;
}
States Two() { return {{"n1", compile::Shared(State("a"))}, {"n2", compile::Shared(State("b"))}}; }

StateMessage Read(const Letter& letter) { return DecodeStateMessage(*letter.message).value(); }

class PublicationsTest : public ::testing::Test {
 protected:
  void SetUp() override { publications_.Lead(kEpoch); }
  Publications publications_;
};

TEST_F(PublicationsTest, EveryNodeIsToldOnce) {
  const Post post = publications_.Update(Two(), {});
  ASSERT_EQ(post.letters.size(), 2U);
  EXPECT_EQ(post.letters[0].node, "n1");
  EXPECT_EQ(Read(post.letters[0]).state, State("a"));
  EXPECT_EQ(Read(post.letters[0]).revision.epoch, kEpoch);
  EXPECT_TRUE(publications_.Update(Two(), {}).letters.empty());
}

TEST_F(PublicationsTest, OnlyNodesWhoseStateDiffersAreTold) {
  publications_.Update(Two(), {});
  States states = Two();
  states["n2"] = compile::Shared(State("c"));
  const Post post = publications_.Update(states, {});
  ASSERT_EQ(post.letters.size(), 1U);
  EXPECT_EQ(post.letters[0].node, "n2");
}

TEST_F(PublicationsTest, RevisionsAscendAlsoOverTheLossOfTheLead) {
  const auto first = Read(publications_.Update(Two(), {}).letters[1]).revision;
  publications_.Lead(std::nullopt);
  publications_.Lead(kEpoch);
  const auto second = Read(publications_.Update(Two(), {}).letters[1]).revision;
  EXPECT_GT(second, first);
}

TEST_F(PublicationsTest, ANewEpochIsToldToEveryNode) {
  publications_.Update(Two(), {});
  publications_.Lead(Epoch{kEpoch.lease_created, 4});
  EXPECT_EQ(publications_.Update(Two(), {}).letters.size(), 2U);
}

TEST_F(PublicationsTest, WhoDoesNotLeadSaysNothing) {
  publications_.Lead(std::nullopt);
  EXPECT_TRUE(publications_.Update(Two(), {"n9"}).letters.empty());
  EXPECT_TRUE(publications_.All().empty());
}

TEST_F(PublicationsTest, AConnectedNodeWithoutSourcesIsToldToDoNothing) {
  const Post post = publications_.Update({}, {"n9"});
  ASSERT_EQ(post.letters.size(), 1U);
  EXPECT_EQ(Read(post.letters[0]).state, DesiredState{});
}

TEST_F(PublicationsTest, WhoConnectsIsGreetedAlone) {
  const Post known = publications_.Greet("n1", Two());
  ASSERT_EQ(known.letters.size(), 1U);
  EXPECT_EQ(known.letters[0].node, "n1");
  EXPECT_EQ(Read(known.letters[0]).state, State("a"));
  EXPECT_TRUE(publications_.Greet("n1", Two()).letters.empty());
  const Post unknown = publications_.Greet("n9", Two());
  ASSERT_EQ(unknown.letters.size(), 1U);
  EXPECT_EQ(Read(unknown.letters[0]).state, DesiredState{});
  publications_.Lead(std::nullopt);
  EXPECT_TRUE(publications_.Greet("n9", Two()).letters.empty());
}

TEST_F(PublicationsTest, ANodeWhoseSourcesEndIsToldWhileItIsConnected) {
  publications_.Update(Two(), {"n1", "n2"});
  const Post post = publications_.Update({}, {"n1", "n2"});
  ASSERT_EQ(post.letters.size(), 2U);
  EXPECT_EQ(Read(post.letters[1]).state, DesiredState{});
}

TEST_F(PublicationsTest, ANodeThatIsAwayIsToldWhenItIsBack) {
  publications_.Update(Two(), {});
  const Post away = publications_.Update({}, {});
  ASSERT_EQ(away.letters.size(), 2U);
  EXPECT_EQ(away.letters[0], (Letter{"n1", nullptr}));
  EXPECT_TRUE(publications_.Update({}, {}).letters.empty());
  const Post back = publications_.Update({}, {"n1"});
  ASSERT_EQ(back.letters.size(), 1U);
  EXPECT_EQ(Read(back.letters[0]).state, DesiredState{});
  const Post again = publications_.Update(Two(), {"n1"});
  EXPECT_EQ(again.letters.size(), 2U);
}

TEST_F(PublicationsTest, ASourceThatComesBackWhileTheNodeIsAwayIsToldAnew) {
  publications_.Update(Two(), {});
  publications_.Update({}, {});
  EXPECT_EQ(publications_.Update(Two(), {}).letters.size(), 2U);
}

TEST_F(PublicationsTest, AllIsWhatEachNodeShouldHave) {
  publications_.Update(Two(), {});
  const auto letters = publications_.All();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(Read(letters[1]).state, State("b"));
}

TEST_F(PublicationsTest, AStateThatIsTooLargeIsNotSentAndTheOthersAre) {
  Publications small(2'000);
  small.Lead(kEpoch);
  States states = Two();
  DesiredState large;
  for (int i = 0; i < 100; ++i) large.sources.push_back({{"shop", "p" + std::to_string(100 + i)}, "u", {}, {}, {}});
  states["n1"] = compile::Shared(large);
  const Post post = small.Update(states, {});
  ASSERT_EQ(post.letters.size(), 1U);
  EXPECT_EQ(post.letters[0].node, "n2");
  ASSERT_EQ(post.too_large.size(), 1U);
  EXPECT_EQ(post.too_large[0].node, "n1");
}

TEST_F(PublicationsTest, WhatANodeHasAppliedIsFoundByItsRevision) {
  const auto first = Read(publications_.Update(Two(), {}).letters[0]).revision;
  EXPECT_EQ(publications_.AppliedState("n1"), nullptr);
  EXPECT_TRUE(publications_.IsBehind("n1"));
  publications_.Applied("n1", first);
  ASSERT_NE(publications_.AppliedState("n1"), nullptr);
  EXPECT_EQ(*publications_.AppliedState("n1"), State("a"));
  EXPECT_FALSE(publications_.IsBehind("n1"));

  States states = Two();
  states["n1"] = compile::Shared(State("c"));
  publications_.Update(states, {});
  EXPECT_EQ(*publications_.AppliedState("n1"), State("a"));
  EXPECT_TRUE(publications_.IsBehind("n1"));
}

TEST_F(PublicationsTest, TheAppliedStateIsThePointerOfTheLastCompile) {
  publications_.Applied("n1", Read(publications_.Update(Two(), {}).letters[0]).revision);
  const States again = Two();
  publications_.Update(again, {});
  EXPECT_EQ(publications_.AppliedState("n1"), again.at("n1").pointer());
}

TEST_F(PublicationsTest, ARevisionOfAnotherEpochConfirmsNothing) {
  Revision revision = Read(publications_.Update(Two(), {}).letters[0]).revision;
  revision.epoch.lease_transitions = 2;
  publications_.Applied("n1", revision);
  EXPECT_EQ(publications_.AppliedState("n1"), nullptr);
}

TEST_F(PublicationsTest, ARevisionThatNobodySentConfirmsNothing) {
  Revision revision = Read(publications_.Update(Two(), {}).letters[0]).revision;
  revision.number += 1'000;
  publications_.Applied("n1", revision);
  publications_.Applied("no-such-node", revision);
  EXPECT_EQ(publications_.AppliedState("n1"), nullptr);
}

}  // namespace
}  // namespace podmirror::app
