#include "operator/kube/reflector_collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Item Pod(const std::string& name, const NodeName& node = "n1") {
  api::Pod pod;
  pod.meta.key = {"shop", name};
  pod.node = node;
  return {pod.meta.key, pod};
}

Item Broken(const std::string& name) { return {{"shop", name}, std::unexpected(Error{"wrong " + name, "", ""})}; }

std::vector<std::string> Names(const Listed& listed) {
  std::vector<std::string> names;
  for (const Object& object : listed.objects)
    names.push_back(KeyOf(object).name + "@" + std::get<api::Pod>(object).node);
  return names;
}

TEST(Collected, HandsOverWhatWasAdded) {
  Collected collected;
  for (const char* name : {"a", "b"}) collected.Put(Pod(name), true);
  const Listed listed = collected.TakeListed(Kind::kPod);
  EXPECT_THAT(Names(listed), ElementsAre("a@n1", "b@n1"));
  EXPECT_THAT(listed.unreadable, IsEmpty());
  EXPECT_THAT(collected.TakeListed(Kind::kPod).objects, IsEmpty());
}

TEST(Collected, TakesChangesThatComeInBetween) {
  Collected collected;
  for (const char* name : {"a", "b", "c"}) collected.Put(Pod(name), true);
  collected.Put(Pod("b", "n2"), false);
  collected.Remove({"shop", "a"});
  collected.Remove({"shop", "never"});
  collected.Put(Pod("d"), true);
  collected.Put(Pod("c", "n3"), false);
  collected.Put(Pod("a", "n4"), true);
  EXPECT_THAT(Names(collected.TakeListed(Kind::kPod)), UnorderedElementsAre("a@n4", "b@n2", "c@n3", "d@n1"));
}

TEST(Collected, RemovesTheLast) {
  Collected collected;
  collected.Put(Pod("a"), true);
  collected.Remove({"shop", "a"});
  EXPECT_THAT(collected.TakeListed(Kind::kPod).objects, IsEmpty());
}

TEST(Collected, NamesWhatExistsAndCouldNotBeRead) {
  Collected collected;
  collected.Put(Pod("a"), true);
  collected.Put(Broken("b"), true);
  const Listed listed = collected.TakeListed(Kind::kPod);
  EXPECT_THAT(Names(listed), ElementsAre("a@n1"));
  EXPECT_THAT(listed.unreadable, ElementsAre(ObjectKey{"shop", "b"}));
  const std::vector<Unreadable> unreadable = collected.TakeUnreadable(Kind::kPod);
  ASSERT_EQ(unreadable.size(), 1u);
  EXPECT_EQ(unreadable.front().why.what, "wrong b");
}

TEST(Collected, AnObjectThatWasReadBeforeStaysAsItWas) {
  Collected collected;
  collected.Put(Pod("a"), true);
  collected.Put(Broken("a"), false);
  const Listed listed = collected.TakeListed(Kind::kPod);
  EXPECT_THAT(Names(listed), ElementsAre("a@n1"));
  EXPECT_THAT(listed.unreadable, IsEmpty());
  EXPECT_EQ(collected.TakeUnreadable(Kind::kPod).size(), 1u);
}

TEST(Collected, WhatIsMendedOrRemovedIsNotUnreadable) {
  Collected collected;
  collected.Put(Broken("a"), true);
  collected.Put(Broken("b"), true);
  collected.Put(Pod("a"), false);
  collected.Remove({"shop", "b"});
  const Listed listed = collected.TakeListed(Kind::kPod);
  EXPECT_THAT(Names(listed), ElementsAre("a@n1"));
  EXPECT_THAT(listed.unreadable, IsEmpty());
  EXPECT_THAT(collected.TakeUnreadable(Kind::kPod), IsEmpty());
}

}  // namespace
}  // namespace podmirror::kube
