// pm_uplink stands where production passes too. Whatever happens to copies there, production leaves as it came.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>

#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/pins.h"
#include "node-agent/dataplane/programs.h"
#include "tests/datapath/dataplane/mirror_world.h"
#include "tests/datapath/dataplane/traffic.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;
using dataplane::Hook;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kProductionMac[] = {2, 0, 0, 0, 0x77, 0x01};  // nobody else's
constexpr int kTcOk = 0;                                             // ends the chain of programs, and passes

bool IsProduction(const Frame& frame) {
  return frame.size() >= 14 && std::equal(std::begin(kProductionMac), std::end(kProductionMac), frame.begin() + 6);
}

// What a node might send: tags, large and small ones, other people's VXLAN, IPv6, what is not IP, broken headers.
std::vector<Frame> Production() {
  const Frame tag = {0x81, 0, 0, 42}, outer_tag = {0x88, 0xa8, 0, 7, 0x81, 0, 0, 42};
  std::vector<Frame> frames;
  for (std::size_t bytes : {0, 1, 18, 56, 1400, 1472, 8900}) frames.push_back(Echo(1, bytes));
  for (std::size_t bytes : {0, 56, 1464, 8000}) frames.push_back(Echo(2, bytes, tag));
  frames.push_back(Echo(3, 100, outer_tag));
  Frame vxlan = {0xc0, 1, 0x12, 0xb5, 0, 108, 0, 0, 8, 0, 0, 0, 0, 0, 9, 0};
  vxlan.resize(108, 0x5a);
  frames.push_back(Ip4Frame(17, vxlan));
  for (int type : {0x0806, 0x86dd, 0x88cc, 0x0800, 0x88b5}) {
    Frame frame(90, 0x33);
    frame[12] = static_cast<std::uint8_t>(type >> 8);
    frame[13] = static_cast<std::uint8_t>(type);
    frames.push_back(frame);
  }
  std::uint8_t number = 0;
  for (Frame& frame : frames) {
    const std::uint8_t to[] = {2, 0, 0, 0, 9, 2};
    std::copy(std::begin(to), std::end(to), frame.begin());
    std::copy(std::begin(kProductionMac), std::end(kProductionMac), frame.begin() + 6);
    frame.push_back(++number);  // each is told from the others
  }
  return frames;
}

class UplinkTest : public MirrorWorld {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp());
    Shell("ip link set up0 mtu 9100; ip -n col link set eth0 mtu 9100");
    Mirror();
  }

  // Sends production out by the uplink while the pod talks, and compares what arrives.
  void ExpectProductionAsItIs() {
    const Wire collector = OpenCollector();
    const Wire host = Wire::Open("", "up0").value();
    std::atomic<bool> stop = false;
    std::atomic<int> said = 0;
    std::thread talk([&] {
      const Wire pod = OpenPod();
      for (; !stop; ++said) EXPECT_TRUE(pod.Send(Echo(static_cast<std::uint8_t>(said), said % 1400)));
    });
    const auto sent = Production();
    for (int round = 0; round < 20 || said < 1000; ++round) {
      for (const Frame& frame : sent) EXPECT_TRUE(host.Send(frame));
      const auto came = collector.Take(sent.size(), seconds(5), IsProduction);
      EXPECT_EQ(came, sent) << "round " << round;
      if (came != sent) break;
    }
    stop = true;
    talk.join();
    EXPECT_TRUE(collector.Take(1, milliseconds(1), IsProduction).empty()) << "none twice";
  }

  // A program before ours that returns `verdict` for every frame.
  Fd AttachBefore(int verdict) {
    const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, verdict}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "before", "GPL", code, std::size(code), nullptr));
    Fd link = dataplane::AttachFirst(program, up_ifindex_, Hook::kTcxEgress);
    EXPECT_TRUE(link) << std::strerror(errno);
    return link;
  }

  // Of so many pings: copies at the collector, and frames of the pod that came there as they were.
  struct Arrived {
    std::size_t copies = 0, bare = 0;
  };
  Arrived Ping(std::uint8_t count) {
    const Wire collector = OpenCollector();
    const Wire pod = OpenPod();
    for (std::uint8_t n = 1; n <= count; ++n) {
      EXPECT_TRUE(pod.Send(Echo(n)));
      EXPECT_EQ(
          pod.Take(1, seconds(5), [n](const Frame& f) { return f.size() > 41 && f[23] == 1 && f[41] == n; }).size(),
          1u);
    }
    Arrived arrived;
    for (const Frame& frame : collector.Take(10000, milliseconds(200))) {
      const auto copy = ReadCopy(frame);
      if (copy && copy->inner.size() > 34 && copy->inner[23] == 1) ++arrived.copies;
      if (!copy && frame.size() > 34 && frame[12] == 8 && frame[23] == 1) ++arrived.bare;
    }
    return arrived;
  }

  dataplane::Pins pins_{kBpffs};
};

TEST_F(UplinkTest, ProductionLeavesAsItCameWhileCopiesPass) {
  ExpectProductionAsItIs();
  EXPECT_GT(Slot(PM_EGRESS).packets[PM_SENT], 0u);
  EXPECT_EQ(Observe().config.pair_only, 0u);
  ExpectLaw();
}

TEST_F(UplinkTest, ProductionLeavesAsItCameWhereMapsAndPinsAreGone) {
  Shell("rm -r /sys/fs/bpf/podmirror/v1/maps /sys/fs/bpf/podmirror/v1/programs");
  ExpectProductionAsItIs();
}

TEST_F(UplinkTest, ProductionLeavesAsItCameWhereNothingElseOfOursIsLeft) {
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) Apply(plan::Detach{pod_ifindex_, direction});
  Shell("ip link del pm-copy0; ip link del pm-seg0; rm -r /sys/fs/bpf/podmirror/v1/maps");
  ExpectProductionAsItIs();
}

TEST_F(UplinkTest, SuperFramesOfProductionPassWhole) {
  Shell("ethtool -K up0 tx on tso on gso on >/dev/null");
  std::atomic<bool> stop = false;
  std::thread talk([&] {
    while (!stop) EXPECT_TRUE(TcpFromPod(1 << 20));
  });
  auto arrived = TcpBetween("", "col", "10.9.0.2", 64 << 20);
  stop = true;
  talk.join();
  EXPECT_TRUE(arrived) << Describe(arrived.error());
  ExpectLaw();
}

TEST_F(UplinkTest, CopiesArriveByTheUplinkAndByNothingElse) {
  EXPECT_EQ(Ping(10).copies, 20u);
  Shell("ip link set pm-copy0 down");
  const Arrived arrived = Ping(10);
  EXPECT_EQ(arrived.copies, 20u) << "the mirror pair has no part in it";
  EXPECT_EQ(arrived.bare, 0u);
  ExpectLaw();
}

TEST_F(UplinkTest, ACloneThatMissesTheProgramIsTheLastOne) {
  const Fd before = AttachBefore(kTcOk);
  const Arrived arrived = Ping(20);
  EXPECT_EQ(arrived.bare, 1u) << "the first one left as it was";
  EXPECT_EQ(arrived.copies, 39u) << "all others went through the mirror pair";
  EXPECT_EQ(Observe().config.pair_only, 1u);
  EXPECT_EQ(Slot(PM_EGRESS).packets[PM_CLONE_FAILED] + Slot(PM_INGRESS).packets[PM_CLONE_FAILED], 1u);
  ExpectLaw();
}

TEST_F(UplinkTest, ADetachedProgramIsMissedOnce) {
  ASSERT_TRUE(dataplane::OpenPin(pins_.UplinkLink(up_ifindex_)));
  Apply(plan::DetachUplink{up_ifindex_});  // without telling the endpoints
  const Arrived arrived = Ping(20);
  EXPECT_EQ(arrived.bare, 1u);
  EXPECT_EQ(arrived.copies, 39u);
}

TEST_F(UplinkTest, ADeviceThatIsGoneIsNoMiss) {
  Shell("ip link del up0");
  const Wire pod = OpenPod();
  ASSERT_TRUE(pod.Send(Echo(1)));
  EXPECT_TRUE(Await([this] { return Slot(PM_EGRESS).packets[PM_CLONE_FAILED] > 0; }));
  EXPECT_EQ(Observe().config.pair_only, 0u);
  ExpectLaw();
}

TEST_F(UplinkTest, AProgramThatPassesCopiesOnMayStandBeforeOurs) {
  const Fd before = AttachBefore(-1);
  const Arrived arrived = Ping(10);
  EXPECT_EQ(arrived.copies, 20u);
  EXPECT_EQ(arrived.bare, 0u);
}

}  // namespace
}  // namespace podmirror::testing
