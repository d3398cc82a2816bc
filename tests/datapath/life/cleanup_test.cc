// `podmirror cleanup` removes all that is ours and nothing else, whatever had happened before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/datapath/life/pinned.h"
#include "tests/datapath/life/rival.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;
using dataplane::Hook;

class CleanupTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }

  // All that a host shows of links, addresses, neighbours, routes, qdiscs and pins; neighbour entries without their
  // state, which the kernel changes by itself.
  static std::string Host() {
    std::string pins;
    for (const auto& [path, object] : PinnedObjects()) pins += path + " " + object + "\n";
    return pins + Execute({"sh", "-c",
                           "ip -d -o link; ip -o addr; ip route; tc qdisc; "
                           "ip neigh | sed -E 's/ (REACHABLE|STALE|DELAY|PROBE|INCOMPLETE|FAILED)//' | sort; "
                           "bridge fdb; ip rule; ip nexthop"})
                      .out;
  }
};

TEST_F(CleanupTest, WhatOthersHaveStays) {
  Shell(R"(
    ip link add pm-other type veth peer name pm-copy9
    ip neigh add 10.9.1.77 lladdr 02:00:00:00:07:07 dev nic-ids
    ip neigh add 10.9.1.78 dev nic-ids managed extern_learn
    ip neigh add 10.9.1.79 lladdr 02:00:00:00:07:09 dev nic-ids protocol zebra
    tc qdisc add dev veth-web clsact
    mkdir /sys/fs/bpf/podmirror-of-somebody-else
  )");
  std::vector<Fd> rivals;
  for (Hook hook : {Hook::kTcxIngress, Hook::kTcxEgress}) {
    for (const char* interface : {"veth-web", "nic-ids"}) rivals.push_back(AttachRival(interface, hook));
  }
  ASSERT_EQ(dataplane::Pin(rivals.front(), "/sys/fs/bpf/rival"), 0);
  const std::string before = Host();
  const auto attached = LinksAt("veth-web", Hook::kTcxIngress);
  auto local = Start();
  EXPECT_EQ(LinksAt("veth-web", Hook::kTcxIngress).size(), attached.size() + 1);
  local->Signal(SIGTERM);
  EXPECT_EQ(local->Wait(), 0);
  EXPECT_NE(Host(), before);
  const Ended ended = Podmirror({"cleanup"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(Host(), before);
  EXPECT_EQ(LinksAt("veth-web", Hook::kTcxIngress), attached);
  EXPECT_EQ(Podmirror({"cleanup"}).out, "nothing of podmirror was here\n");
}

// A neighbour that was there before is used, not taken over.
TEST_F(CleanupTest, TheNextHopThatWasThereStays) {
  Shell("ip neigh add 10.9.1.9 lladdr $(ip -n ids -o link show eth0 | grep -o 'ether [^ ]*' | cut -c7-) dev nic-ids");
  const std::string before = Host();
  Start()->Kill();
  EXPECT_EQ(Podmirror({"cleanup"}).code, 0);
  EXPECT_EQ(Host(), before);
}

TEST_F(CleanupTest, KilledAnywhereItIsRemovedOrGoneOnWith) {
  constexpr int kTries = 24;
  const std::string before = Host();
  // How long a start takes here and now.
  const auto begin = std::chrono::steady_clock::now();
  Start()->Kill();
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(Podmirror({"cleanup"}).code, 0);
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> when(0, whole.count());
  int halfway = 0;
  for (int i = 0; i < kTries; ++i) {
    Program local(LocalCommand());
    local.Says("ready\n", std::chrono::milliseconds(static_cast<int>(when(random) * 1000)));
    local.Kill();
    halfway += local.err().find("ready\n") == std::string::npos && Host() != before;
    if (i % 2 == 0) {
      const Ended again = Execute(LocalCommand({"--once", "--node-budget", "off"}));
      ASSERT_EQ(again.code, 0) << again.err;
      EXPECT_THAT(again.err, ::testing::Not(::testing::HasSubstr("error"))) << "try " << i;
      EXPECT_EQ(SourceReason(Status(), "all", "web"), "Mirroring") << "try " << i;
      ExpectLaw();
    }
    const Ended ended = Podmirror({"cleanup"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    ASSERT_EQ(Host(), before) << "try " << i;
  }
  EXPECT_GT(halfway, 0) << "of " << kTries << " tries, each in the first " << whole.count() << " s";
}

TEST_F(CleanupTest, KilledAnywhereItIsFinishedByTheNext) {
  constexpr int kTries = 8;
  const std::string before = Host();
  std::chrono::duration<double> whole{};
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < kTries; ++i) {
    Start()->Kill();
    const auto begin = std::chrono::steady_clock::now();
    if (i > 0) {
      Program cleanup({PodmirrorBinary(), "cleanup"});
      const double limit = std::uniform_real_distribution<double>(0, whole.count())(random);
      cleanup.Says("never", std::chrono::milliseconds(static_cast<int>(limit * 1000)));
      cleanup.Kill();
    }
    const Ended ended = Podmirror({"cleanup"});
    if (i == 0) whole = std::chrono::steady_clock::now() - begin;
    ASSERT_EQ(ended.code, 0) << ended.err;
    ASSERT_EQ(Host(), before) << "try " << i;
  }
}

}  // namespace
}  // namespace podmirror::testing
