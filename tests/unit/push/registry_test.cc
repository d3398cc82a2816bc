#include "operator/push/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace podmirror::push {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeStream : public Stream {
 public:
  void Wake() override { ++woken; }
  void Close(std::string why) override { closed.push_back(std::move(why)); }

  int woken = 0;
  std::vector<std::string> closed;
};

class RegistryTest : public testing::Test {
 protected:
  std::shared_ptr<FakeStream> Stream(const NodeName& node, const std::string& uid) {
    auto stream = std::make_shared<FakeStream>();
    auto joined = registry_.Join({.node = node, .pod_uid = uid, .expires = {}}, stream);
    EXPECT_TRUE(joined) << Describe(joined.error());
    node_ = *joined;
    return stream;
  }
  std::string Next(std::uint64_t& seen) const {
    const auto state = registry_.Next(*node_, seen);
    return state ? *state : "";
  }
  void Publish(const NodeName& node, const std::string& text) {
    registry_.Publish(node, std::make_shared<const std::string>(text));
  }

  std::vector<std::string> calls_;
  Registry registry_{
      {.reported = [this](const NodeName& node,
                          const ReportMessage& report) { calls_.push_back(node + " reports " + report.kernel); },
       .connected = [this](const NodeName& node, bool on) { calls_.push_back(node + (on ? " on" : " off")); },
       .misbehaved = [this](const NodeName& node, const Error& error) { calls_.push_back(node + ": " + error.what); }}};
  std::shared_ptr<Node> node_;
};

TEST_F(RegistryTest, EachNodeGetsItsOwnNewestState) {
  registry_.Lead(true);
  Publish("a", "a1");
  Publish("b", "b1");
  Publish("a", "a2");
  const auto stream = Stream("a", "1");
  std::uint64_t seen = 0;
  EXPECT_EQ(Next(seen), "a2");
  EXPECT_EQ(Next(seen), "");
  EXPECT_EQ(stream->woken, 0);
  Publish("a", "a3");
  EXPECT_EQ(stream->woken, 1);
  EXPECT_EQ(Next(seen), "a3");
}

TEST_F(RegistryTest, AForgottenStateIsNotSent) {
  registry_.Lead(true);
  Publish("a", "a1");
  registry_.Publish("a", nullptr);
  Stream("a", "1");
  std::uint64_t seen = 0;
  EXPECT_EQ(Next(seen), "");
  Publish("a", "a2");
  EXPECT_EQ(Next(seen), "a2");
}

TEST_F(RegistryTest, WhoDoesNotLeadTakesNobodyAndTellsNothing) {
  const auto stream = std::make_shared<FakeStream>();
  EXPECT_FALSE(registry_.Join({.node = "a", .pod_uid = "1", .expires = {}}, stream));
  registry_.Lead(true);
  const auto open = Stream("a", "1");
  Publish("a", "of the old epoch");
  registry_.Lead(false);
  EXPECT_EQ(open->closed.size(), 1U);
  std::uint64_t seen = 0;
  Publish("a", "written too late");
  EXPECT_EQ(Next(seen), "");
  EXPECT_FALSE(registry_.Report(node_, open.get(), {}));
}

TEST_F(RegistryTest, StatesAreForgottenWithTheLead) {
  registry_.Lead(true);
  Publish("a", "of the old epoch");
  registry_.Lead(false);
  registry_.Lead(true);
  Stream("a", "1");
  std::uint64_t seen = 0;
  EXPECT_EQ(Next(seen), "");
}

TEST_F(RegistryTest, ASecondStreamReplacesTheFirstWhichIsNotHeardAnyMore) {
  registry_.Lead(true);
  const auto first = Stream("a", "1");
  const auto node = node_;
  const auto second = Stream("a", "2");
  EXPECT_EQ(first->closed.size(), 1U);
  EXPECT_THAT(second->closed, IsEmpty());
  EXPECT_FALSE(registry_.Report(node, first.get(), {}));
  registry_.Leave(node, first.get());
  EXPECT_EQ(registry_.connected(), 1U);
  ReportMessage report;
  report.kernel = "6.1";
  EXPECT_TRUE(registry_.Report(node_, second.get(), report));
  registry_.Leave(node_, second.get());
  EXPECT_EQ(registry_.connected(), 0U);
  EXPECT_THAT(calls_, ElementsAre("a on", "a on", "a reports 6.1", "a off"));
}

TEST_F(RegistryTest, APodThatIsGoneIsClosedAndNotTakenAgain) {
  registry_.Lead(true);
  const auto stream = Stream("a", "1");
  registry_.Disconnect("2");
  EXPECT_THAT(stream->closed, IsEmpty());
  registry_.Disconnect("1");
  EXPECT_EQ(stream->closed.size(), 1U);
  EXPECT_FALSE(registry_.Join({.node = "b", .pod_uid = "2", .expires = {}}, std::make_shared<FakeStream>()));
}

TEST_F(RegistryTest, TheReplacedPodGoingDoesNotCloseTheNewOne) {
  registry_.Lead(true);
  Stream("a", "1");
  const auto second = Stream("a", "2");
  registry_.Disconnect("1");
  EXPECT_THAT(second->closed, IsEmpty());
}

TEST_F(RegistryTest, WhoMisbehavesIsNamedWhereHeIsKnown) {
  registry_.Lead(true);
  Stream("a", "1");
  registry_.Misbehaved(node_, {.what = "too long", .where = "", .fix = ""});
  registry_.Misbehaved(nullptr, {.what = "too many", .where = "", .fix = ""});
  EXPECT_THAT(calls_, ElementsAre("a on", "a: too long", ": too many"));
}

}  // namespace
}  // namespace podmirror::push
