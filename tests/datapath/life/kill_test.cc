// Killed under load: copies go on. Started again: adopts what is there and writes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "node-agent/dataplane/pins.h"
#include "node-agent/dataplane/programs.h"
#include "tests/datapath/life/pinned.h"
#include "tests/datapath/life/stream.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using ::testing::HasSubstr;

class KillTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }
};

TEST_F(KillTest, CopiesGoOnAndNotOneIsMissing) {
  const Receiver ids("ids", kVxlan);
  const Receiver peer("", kProduction);
  auto local = Start();
  StreamReader copied("ids", HostIp(1));
  Load load({.network_namespace = "web", .to = HostIp(1)});
  Stream stream("web", HostIp(1));
  ASSERT_TRUE(load.Await(500));
  for (int i = 0; i < 3; ++i) {
    local->Kill();
    ASSERT_TRUE(load.Await(1000)) << "while nobody is there";
    local = Start();
    EXPECT_THAT(local->err(), HasSubstr("nothing was changed in the kernel")) << local->err();
    ASSERT_TRUE(load.Await(500));
  }
  const std::uint32_t sent = load.Stop();
  const std::size_t bytes = stream.Stop();
  EXPECT_GT(bytes, 100'000u);
  EXPECT_TRUE(peer.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(peer.Numbers(1), sent), "") << "production";
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1, kShopVni), sent), "") << "copies";
  EXPECT_EQ(copied.MissingOf(bytes), "") << "of the stream's copies";
  const Json status = Status();
  EXPECT_GE(Term(status, "all", "web", "egress", "mirrored"), sent);
  EXPECT_EQ(Term(status, "all", "web", "egress", "mirrored"), Term(status, "all", "web", "egress", "accepted"));
}

TEST_F(KillTest, StartedAgainItWritesNothing) {
  auto local = Start();
  EXPECT_THAT(local->err(), HasSubstr("in the kernel"));
  EXPECT_THAT(local->err(), ::testing::Not(HasSubstr("nothing was changed in the kernel")));
  local->Kill();
  const auto before = PinnedObjects();
  const std::string network = Execute({"sh", "-c", "ip -d link; ip neigh; ip addr"}).out;
  FreezePinnedMaps();
  local = Start();
  EXPECT_THAT(local->err(), HasSubstr("nothing was changed in the kernel"));
  EXPECT_THAT(local->err(), ::testing::Not(HasSubstr("error"))) << "a write into a frozen map would fail";
  EXPECT_EQ(PinnedObjects(), before);
  EXPECT_EQ(Execute({"sh", "-c", "ip -d link; ip neigh; ip addr"}).out, network);
  EXPECT_EQ(SourceReason(Status(), "all", "web"), "Mirroring");
  Remove("shop.yaml");
  EXPECT_TRUE(local->Says("error: ")) << "a write would have been noticed";
}

TEST_F(KillTest, WhatChangedMeanwhileIsTheOnlyThingThatIsWritten) {
  const std::string ifindex = std::to_string(if_nametoindex("veth-web"));
  Start()->Kill();
  const auto before = PinnedObjects();
  Write("shop.yaml", SessionYaml({.name = "all", .app = "web", .vni = 8}) + FilterYaml("all", kAcceptAll, kAcceptAll) +
                         AddressTargetYaml("ids", NicIp(1)));
  const auto local = Start();
  auto after = PinnedObjects();
  int changed = 0;
  for (const auto& [path, object] : before) {
    if (after[path] == object || path.ends_with("/report")) continue;
    ++changed;
    EXPECT_THAT(path, HasSubstr("/hooks/"));
  }
  EXPECT_EQ(changed, 2) << "the hook of each direction";
  EXPECT_EQ(after.size(), before.size());
}

// The programs that run now look like those of another build: their pins bear another hash.
void PretendAnotherBuild() {
  const std::string folder = dataplane::Pins("/sys/fs/bpf").Folder("programs") + "/";
  for (const std::string& name : dataplane::List(folder)) {
    const std::string other = name.substr(0, name.rfind('-')) + "-0123456789abcdef";
    ASSERT_EQ(std::rename((folder + name).c_str(), (folder + other).c_str()), 0) << std::strerror(errno);
  }
}

TEST_F(KillTest, AnotherBuildSwapsItsProgramsInWithoutLosingACopy) {
  const std::string number = std::to_string(if_nametoindex("veth-web"));
  const std::string uplink = "uplink-" + std::to_string(if_nametoindex("nic-ids"));
  const std::vector<std::string> links = {"encap", "segment", uplink, number + "-ingress", number + "-egress"};
  const Receiver ids("ids", kVxlan);
  auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(load.Await(300));
    std::vector<PinnedLink> before;
    for (const std::string& link : links) before.push_back(ReadPinnedLink(link));
    local->Kill();
    PretendAnotherBuild();
    local = Start();
    for (std::size_t at = 0; at < links.size(); ++at) {
      const PinnedLink after = ReadPinnedLink(links[at]);
      EXPECT_EQ(after.id, before[at].id) << links[at] << ": the link stays";
      EXPECT_NE(after.program, before[at].program) << links[at];
    }
  }
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1, kShopVni), sent), "");
  EXPECT_EQ(dataplane::List(dataplane::Pins("/sys/fs/bpf").Folder("programs")).size(), 5u) << "old pins are gone";
}

}  // namespace
}  // namespace podmirror::testing
