// Production goes first on an uplink that it shares with its copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

// 1042 bytes a frame, and 1,440 of them a second: 12 of the uplink's 16 Mbit/s. The copies would take 12.6 more.
constexpr std::size_t kPayload = 1000;
constexpr std::chrono::microseconds kPace{694};
constexpr std::uint32_t kPackets = 4500;
constexpr char kUplink[] = "tc qdisc replace dev nic-ids root handle 1: tbf rate 16mbit burst 16k limit 100k\n";

class ProductionTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }

  struct Result {
    std::map<std::uint32_t, int> production;
    std::size_t copies = 0;
    Json status;
    std::uint64_t Of(const std::string& term) const { return Term(status, "all", "web", "egress", term); }
  };
  // Sends all of production over the uplink and waits until it is empty again.
  Result Run(const std::string& budget) const {
    const Receiver peer("ids", kProduction);
    const Receiver ids("ids", kVxlan);
    const auto local = Start({"--node-budget", budget});
    Load load({.network_namespace = "web", .to = NicIp(1), .bytes = kPayload, .every = kPace, .at_most = kPackets});
    EXPECT_EQ(load.Finish(), kPackets);
    EXPECT_TRUE(Await([] {
      return Execute({"tc", "-s", "qdisc", "show", "dev", "nic-ids"}).out.find("backlog 0b 0p") != std::string::npos;
    }));
    Result result;
    result.status = Status();
    EXPECT_EQ(result.Of("accepted"), kPackets);
    // What was taken by the uplink has arrived.
    EXPECT_TRUE(ids.AwaitCount(1, result.Of("sent")));
    result.production = peer.Numbers(1);
    result.copies = ids.Numbers(1).size();
    EXPECT_EQ(result.copies, result.Of("sent"));
    EXPECT_EQ(NoneTwice(ids.Numbers(1)), "");
    return result;
  }
};

TEST_F(ProductionTest, LosesNothingWhereTheUplinkKnowsPriorities) {
  Shell(std::string("ip link set nic-ids txqueuelen 500\n") + kUplink +
        "tc qdisc add dev nic-ids parent 1:1 handle 10: pfifo_fast");
  const Result result = Run("off");
  EXPECT_EQ(EachOnce(result.production, kPackets), "");
  EXPECT_GT(result.Of("drop_send"), kPackets / 10) << "the copies pay";
  EXPECT_EQ(result.Of("drop_send") + result.Of("sent"), kPackets);
}

TEST_F(ProductionTest, LosesNothingOnAPlainQueueWithABudget) {
  Shell(std::string(kUplink) + "tc qdisc add dev nic-ids parent 1:1 handle 10: pfifo limit 600");
  const Result with = Run("2M");
  EXPECT_EQ(EachOnce(with.production, kPackets), "");
  EXPECT_GT(with.Of("over_budget"), kPackets / 2);
  EXPECT_EQ(with.Of("over_budget") + with.Of("sent"), kPackets);
  EXPECT_GT(with.copies, kPackets / 20) << "what the budget allows is copied";
}

// What the budget is for: the same without it.
TEST_F(ProductionTest, LosesPacketsOnAPlainQueueWithoutABudget) {
  Shell(std::string(kUplink) + "tc qdisc add dev nic-ids parent 1:1 handle 10: pfifo limit 600");
  const Result without = Run("off");
  EXPECT_LT(without.production.size(), kPackets);
  EXPECT_GT(without.Of("drop_send"), 0u);
}

}  // namespace
}  // namespace podmirror::testing
