// What a process without memory finds, mends and removes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <cstdio>
#include <map>

#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/pins.h"
#include "node-agent/dataplane/programs.h"
#include "tests/datapath/dataplane/mirror_world.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;
using dataplane::Hook;
using dataplane::OpenPin;
using dataplane::Pins;
using plan::Attachment;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class LifeTest : public MirrorWorld {
 protected:
  const plan::Interface& Pod(const plan::Observed& observed) { return observed.interfaces.at(pod_ifindex_); }

  // Kernel ids of everything that is pinned: equal ids, equal objects.
  std::map<std::string, std::uint32_t> Ids() {
    std::map<std::string, std::uint32_t> ids;
    for (const char* folder : dataplane::kFolders) {
      for (const std::string& name : dataplane::List(pins_.Folder(folder))) {
        const std::string path = pins_.Folder(folder) + "/" + name;
        const Fd object = OpenPin(path);
        std::uint32_t id = 0;
        dataplane::LinkState link;
        if (folder == std::string("programs")) {
          dataplane::ProgramId(object, id);
        } else if (folder == std::string("links")) {
          dataplane::LinkInfo(object, link);
          id = link.id * 100000 + link.program_id;
        } else {
          dataplane::MapId(object, id);
        }
        ids[path] = id;
      }
    }
    return ids;
  }

  // A program of somebody else, before ours.
  Fd AttachRival(Hook hook, std::uint32_t ifindex) {
    auto program = dataplane::OpenProgram(pins_, hook == Hook::kTcxIngress ? "pm_ingress" : "pm_egress");
    Fd link = dataplane::AttachFirst(*program, ifindex, hook);
    EXPECT_TRUE(link) << std::strerror(errno);
    return link;
  }

  Pins pins_{kBpffs};
};

TEST_F(LifeTest, NothingIsObservedWhereNothingIs) {
  const auto observed = Observe();
  EXPECT_FALSE(observed.base);
  EXPECT_TRUE(observed.interfaces.empty());
  EXPECT_TRUE(dataplane::List(pins_.family()).empty()) << "observing writes nothing";
}

TEST_F(LifeTest, EverythingThatWasPutIsObservedByTheNextProcess) {
  Mirror();
  plan::Socket socket;
  socket.value.family = 4;
  socket.value.port_be = 77;
  Apply(plan::PutCollector{socket, PM_GUARD_NORMAL});
  Apply(plan::PutService{socket});
  Apply(plan::PutBudget{1, {.ifindex = up_ifindex_, .bytes_per_second = 1000, .depth = 5000}});
  kernel_ = dataplane::OpenKernel().value();
  const auto observed = Observe();
  EXPECT_TRUE(observed.base);
  EXPECT_EQ(observed.config.source_port_mask, 0xffu);
  EXPECT_EQ(observed.config.copy_ifindex, if_nametoindex("pm-copy0"));
  EXPECT_EQ(observed.config.segment_ifindex, if_nametoindex("pm-seg0"));
  ASSERT_TRUE(observed.endpoints.contains(2));
  EXPECT_EQ(observed.endpoints.at(2), plan::Endpoint{Endpoint()});
  ASSERT_TRUE(observed.targets.contains(5));
  EXPECT_EQ(std::memcmp(observed.targets.at(5).get(), TargetOf(2).get(), sizeof(pm_target)), 0);
  ASSERT_TRUE(observed.rulesets.contains(3));
  EXPECT_EQ(std::memcmp(observed.rulesets.at(3).get(), AcceptAll().get(), sizeof(pm_ruleset)), 0);
  EXPECT_EQ(observed.budgets.at(1), (plan::Budget{up_ifindex_, 1000, 5000}));
  EXPECT_THAT(observed.collectors, ElementsAre(std::pair(socket, PM_GUARD_NORMAL)));
  EXPECT_THAT(observed.services, ElementsAre(socket));
  EXPECT_THAT(observed.uplinks, ElementsAre(Pair(up_ifindex_, plan::Uplink{Attachment::kCurrent, false})));
  EXPECT_EQ(Pod(observed).entry->identity, 77u);
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    EXPECT_EQ(Pod(observed).hooks[direction], MirrorWorld::HookOf(direction));
    EXPECT_EQ(Pod(observed).attachments[direction], Attachment::kCurrent);
    EXPECT_FALSE(Pod(observed).stale_pins[direction]);
  }
}

TEST_F(LifeTest, MakingTheSameAgainReplacesNothing) {
  Mirror();
  const auto before = Ids();
  kernel_ = dataplane::OpenKernel().value();
  Apply(plan::CreateBase{});
  Apply(plan::AttachUplink{up_ifindex_});
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) Apply(plan::Attach{pod_ifindex_, direction});
  EXPECT_EQ(Ids(), before);
}

TEST_F(LifeTest, WhatIsRemovedIsGone) {
  Mirror();
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    Apply(plan::Detach{pod_ifindex_, direction});
    Apply(plan::RemoveHook{kIndex, direction});
  }
  Apply(plan::RemoveInterface{pod_ifindex_});
  Apply(plan::RemoveRuleset{3});
  Apply(plan::RemoveTarget{5});
  Apply(plan::RemoveEndpoint{2});
  Apply(plan::DetachUplink{up_ifindex_});
  const auto observed = Observe();
  EXPECT_TRUE(observed.base);
  EXPECT_TRUE(observed.interfaces.empty());
  EXPECT_TRUE(observed.rulesets.empty());
  EXPECT_TRUE(observed.targets.empty());
  EXPECT_TRUE(observed.endpoints.empty());
  EXPECT_TRUE(observed.uplinks.empty());
}

TEST_F(LifeTest, AnyMissingPieceOfTheBaseIsMadeAgain) {
  Apply(plan::CreateBase{});
  std::vector<std::string> losses = {"ip link del pm-copy0",        "ip link del pm-seg1",
                                     "ip link set pm-copy0 down",   "ip link set pm-seg1 mtu 1500",
                                     "ip link set pm-copy1 arp on", "ethtool -K pm-seg0 tso on gso on >/dev/null"};
  for (const auto& [path, id] : Ids()) losses.push_back("rm " + path);
  for (const std::string& loss : losses) {
    Shell(loss);
    EXPECT_FALSE(Observe().base) << loss;
    // The kernel lets go of a link some time after its pin is removed, and does not attach a program twice.
    EXPECT_TRUE(Await([this] { return kernel_->Apply(plan::CreateBase{}).has_value(); })) << loss;
    EXPECT_TRUE(Observe().base) << loss;
  }
}

TEST_F(LifeTest, OurDevicesSendNothingByThemselves) {
  Apply(plan::CreateBase{});
  Shell("for d in pm-copy0 pm-copy1 pm-seg0 pm-seg1; do ip -6 addr show dev $d | grep -q inet6 && exit 1; done; true");
  Shell(
      "ethtool -k pm-seg0 | grep -E '^(tx-checksumming|tcp-segmentation-offload|generic-segmentation-offload): on' "
      "&& exit 1; true");
}

TEST_F(LifeTest, ADeviceOfAnotherKindKeepsItsName) {
  Shell("ip link add pm-seg0 type bridge");
  auto done = kernel_->Apply(plan::CreateBase{});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().where, "pm-seg0");
  Shell("ip link show pm-seg0 type bridge >/dev/null");
}

TEST_F(LifeTest, AnInterruptedReplacementIsFound) {
  Mirror();
  const std::string pin = pins_.Folder("hooks") + "/" + dataplane::HookName(kIndex, PM_EGRESS);
  ASSERT_EQ(std::rename(pin.c_str(), (pin + "-new").c_str()), 0);  // as if killed before the rename
  EXPECT_EQ(Pod(Observe()).hooks[PM_EGRESS], MirrorWorld::HookOf(PM_EGRESS));
  Apply(plan::PutHook{kIndex, PM_EGRESS, MirrorWorld::HookOf(PM_EGRESS, 100)});
  EXPECT_EQ(Pod(Observe()).hooks[PM_EGRESS], MirrorWorld::HookOf(PM_EGRESS, 100));
  EXPECT_THAT(dataplane::List(pins_.Folder("hooks")), ElementsAre("7-egress", "7-ingress"));
}

TEST_F(LifeTest, APinThatTheOuterMapDoesNotHoldIsNotBelieved) {
  Mirror();
  const std::string folder = pins_.Folder("rulesets");
  Apply(plan::PutRuleset{4, AcceptAll()});
  ASSERT_EQ(std::rename((folder + "/4").c_str(), (folder + "/9").c_str()), 0);
  EXPECT_THAT(Observe().rulesets, ::testing::SizeIs(1));
}

TEST_F(LifeTest, AReferenceToNothingIsRefusedByName) {
  Mirror();
  const auto fails = [this](const plan::Op& op, const std::string& what) {
    auto done = kernel_->Apply(op);
    ASSERT_FALSE(done) << plan::Describe(op);
    EXPECT_THAT(done.error().what, HasSubstr(what));
  };
  plan::Endpoint endpoint{Endpoint()};
  endpoint.value.budget = 9;
  fails(plan::PutEndpoint{3, endpoint}, "budget 9");
  fails(plan::PutTarget{6, TargetOf(8)}, "endpoint 8");
  plan::Hook hook = MirrorWorld::HookOf(PM_EGRESS);
  hook.value.ruleset = 30;
  fails(plan::PutHook{kIndex, PM_EGRESS, hook}, "ruleset 30");
  hook = MirrorWorld::HookOf(PM_EGRESS);
  hook.value.session[0].target = 50;
  fails(plan::PutHook{kIndex, PM_EGRESS, hook}, "target 50");
  hook = MirrorWorld::HookOf(PM_EGRESS);
  hook.value.session[0].slot = 60;
  fails(plan::PutHook{kIndex, PM_EGRESS, hook}, "slot 60");
  fails(plan::Attach{9999, PM_EGRESS}, "cannot be attached");
  EXPECT_EQ(Pod(Observe()).hooks[PM_EGRESS], MirrorWorld::HookOf(PM_EGRESS)) << "a refused op changes nothing";
}

TEST_F(LifeTest, ANewInterfaceDoesNotInheritTheHooksOfItsIndex) {
  Mirror();
  Apply(plan::RemoveInterface{pod_ifindex_});
  Apply(plan::PutInterface{up_ifindex_, {.index = kIndex, .pad = 0, .identity = 5}});
  const auto observed = Observe();
  EXPECT_FALSE(observed.interfaces.at(up_ifindex_).hooks[PM_EGRESS]);
  EXPECT_FALSE(observed.interfaces.at(up_ifindex_).hooks[PM_INGRESS]);
}

TEST_F(LifeTest, ALinkWhoseDeviceIsGoneLeavesAStalePin) {
  Mirror();
  Shell("ip link del pod0");
  const auto observed = Observe();
  EXPECT_EQ(Pod(observed).attachments[PM_EGRESS], Attachment::kNone);
  EXPECT_TRUE(Pod(observed).stale_pins[PM_EGRESS]);
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) Apply(plan::Detach{pod_ifindex_, direction});
  EXPECT_FALSE(Pod(Observe()).stale_pins[PM_EGRESS]);
}

TEST_F(LifeTest, AProgramThatCameFirstIsSeenAndOvertaken) {
  Mirror();
  const Fd rival_in = AttachRival(Hook::kTcxIngress, pod_ifindex_);
  const Fd rival_out = AttachRival(Hook::kTcxEgress, pod_ifindex_);
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    EXPECT_EQ(Pod(Observe()).attachments[direction], Attachment::kNotFirst);
    Apply(plan::Attach{pod_ifindex_, direction});
    EXPECT_EQ(Pod(Observe()).attachments[direction], Attachment::kCurrent);
  }
}

TEST_F(LifeTest, AnUplinkThatIsGoneLeavesAStalePin) {
  Mirror();
  Shell("ip link del up0");
  EXPECT_EQ(Observe().uplinks.at(up_ifindex_), (plan::Uplink{Attachment::kNone, true}));
  Apply(plan::DetachUplink{up_ifindex_});
  EXPECT_THAT(Observe().uplinks, IsEmpty());
}

TEST_F(LifeTest, AProgramBeforeOursOnTheUplinkIsSeen) {
  Mirror();
  const Fd rival = AttachRival(Hook::kTcxEgress, up_ifindex_);
  EXPECT_EQ(Observe().uplinks.at(up_ifindex_).attachment, Attachment::kNotFirst);
}

TEST_F(LifeTest, AProgramOfAnotherBuildIsSwappedInPlace) {
  Mirror();
  const std::string pin = pins_.Link(pod_ifindex_, PM_EGRESS);
  auto other = dataplane::OpenProgram(pins_, "pm_ingress");
  ASSERT_EQ(dataplane::Swap(OpenPin(pin), *other), 0);
  const auto link_of = [&pin] {
    dataplane::LinkState state;
    dataplane::LinkInfo(OpenPin(pin), state);
    return state.id;
  };
  const std::uint32_t link = link_of();
  EXPECT_EQ(Pod(Observe()).attachments[PM_EGRESS], Attachment::kOther);
  Apply(plan::Attach{pod_ifindex_, PM_EGRESS});
  EXPECT_EQ(Pod(Observe()).attachments[PM_EGRESS], Attachment::kCurrent);
  EXPECT_EQ(link_of(), link) << "the link stays, so no packet is missed";
}

TEST_F(LifeTest, ProgramsOfAnotherBuildAreRemoved) {
  Apply(plan::CreateBase{});
  const std::string old = pins_.Program("pm_ingress", "0123456789abcdef");
  ASSERT_EQ(dataplane::Pin(*dataplane::OpenProgram(pins_, "pm_ingress"), old), 0);
  EXPECT_FALSE(Observe().base);
  Apply(plan::CreateBase{});
  EXPECT_TRUE(Observe().base);
  EXPECT_FALSE(OpenPin(old));
}

TEST_F(LifeTest, ManagedNeighboursAreToldFromOthers) {
  const auto ip = [](const char* text) { return IpAddress::Parse(text).value(); };
  Shell("ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev up0");
  const plan::Neighbour ours{up_ifindex_, ip("10.9.0.2")};
  const plan::Neighbour theirs{up_ifindex_, ip("10.9.0.9")};
  Apply(plan::PutNeighbour{ours});
  Apply(plan::PutNeighbour{ours});
  Apply(plan::PutNeighbour{theirs});
  EXPECT_THAT(Observe().neighbours, ElementsAre(ours));
  Shell("ip neigh show dev up0 | grep -q '10.9.0.2.*managed.*'");
  Apply(plan::RemoveNeighbour{theirs});
  Apply(plan::RemoveNeighbour{ours});
  EXPECT_THAT(Observe().neighbours, IsEmpty());
  Shell("ip neigh show dev up0 | grep -q '10.9.0.9 lladdr 02:00:00:00:00:09 PERMANENT'");
}

TEST_F(LifeTest, AFailedNeighbourIsTriedAgain) {
  Shell("ip neigh add 10.9.0.50 dev up0 nud failed; ip -n col addr add 10.9.0.50/24 dev eth0");
  Apply(plan::PutNeighbour{{up_ifindex_, IpAddress::Parse("10.9.0.50").value()}});
  EXPECT_TRUE(Await([] { return std::system("ip neigh show 10.9.0.50 dev up0 | grep -q REACHABLE") == 0; }));
}

TEST_F(LifeTest, AReportReplacesTheOneBefore) {
  auto none = dataplane::ReadReport(kBpffs);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr("there is no report"));
  for (const std::string& text : {std::string("short"), std::string(1 << 20, 'x'), std::string()}) {
    auto written = dataplane::WriteReport(kBpffs, text);
    ASSERT_TRUE(written) << Describe(written.error());
    EXPECT_EQ(dataplane::ReadReport(kBpffs).value(), text);
  }
}

TEST_F(LifeTest, CleanupRemovesAllThatIsOursAndNothingElse) {
  Mirror();
  ASSERT_TRUE(dataplane::WriteReport(kBpffs, "report"));
  Apply(plan::PutNeighbour{{up_ifindex_, IpAddress::Parse("10.9.0.2").value()}});
  const Fd rival = AttachRival(Hook::kTcxIngress, pod_ifindex_);
  const Fd uplink_rival = AttachRival(Hook::kTcxEgress, up_ifindex_);
  Shell("mkdir /sys/fs/bpf/other; ip link add pm-other type veth peer name other");
  auto removed = dataplane::Cleanup(kBpffs);
  ASSERT_TRUE(removed) << Describe(removed.error());
  EXPECT_THAT(*removed, Not(IsEmpty()));
  EXPECT_THAT(dataplane::List(kBpffs), Contains("other"));
  EXPECT_THAT(dataplane::List(kBpffs), Not(Contains("podmirror")));
  for (const char* device : {"pm-copy0", "pm-copy1", "pm-seg0", "pm-seg1"}) EXPECT_EQ(if_nametoindex(device), 0u);
  EXPECT_NE(if_nametoindex("pm-other"), 0u);
  EXPECT_THAT(Observe().neighbours, IsEmpty());
  std::vector<std::uint32_t> links;
  EXPECT_EQ(dataplane::QueryHook(pod_ifindex_, Hook::kTcxIngress, links), 0);
  EXPECT_THAT(links, ::testing::SizeIs(1)) << "the other program stays";
  EXPECT_EQ(dataplane::QueryHook(up_ifindex_, Hook::kTcxEgress, links), 0);
  EXPECT_THAT(links, ::testing::SizeIs(1)) << "so it does on the uplink";
  auto again = dataplane::Cleanup(kBpffs);
  ASSERT_TRUE(again) << Describe(again.error());
  EXPECT_THAT(*again, IsEmpty());
}

TEST_F(LifeTest, CleanupWorksOnWhateverIsLeft) {
  Mirror();
  Shell(
      "cd /sys/fs/bpf/podmirror/v1; rm maps/pm_hooks programs/pm_encap-* links/encap; true; "
      "ip link del pod0; ip link del pm-seg0");
  auto removed = dataplane::Cleanup(kBpffs);
  ASSERT_TRUE(removed) << Describe(removed.error());
  EXPECT_THAT(dataplane::List(kBpffs), Not(Contains("podmirror")));
  EXPECT_EQ(if_nametoindex("pm-copy0"), 0u);
}

}  // namespace
}  // namespace podmirror::testing
