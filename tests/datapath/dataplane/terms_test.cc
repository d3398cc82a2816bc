// Each term of the law, made to happen; and the budget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <thread>

#include "tests/datapath/dataplane/mirror_world.h"
#include "tests/datapath/dataplane/traffic.h"

namespace podmirror::testing {
namespace {

using std::chrono::seconds;

class TermsTest : public MirrorWorld {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp());
    Mirror();
    start_ = Slot(PM_EGRESS);
    start_interface_ = Interface(PM_EGRESS);
  }

  void Send(const Frame& frame, std::size_t count = 1) {
    const Wire pod = OpenPod();
    const auto seen = Interface(PM_EGRESS).packets[PM_SEEN];
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(pod.Send(frame));
    EXPECT_TRUE(Await([&] { return Interface(PM_EGRESS).packets[PM_SEEN] >= seen + count; }));
  }
  std::uint64_t Rise(pm_session_term term) { return Slot(PM_EGRESS).packets[term] - start_.packets[term]; }
  std::uint64_t Rise(pm_interface_term term) {
    return Interface(PM_EGRESS).packets[term] - start_interface_.packets[term];
  }

  pm_session_counters start_{};
  pm_interface_counters start_interface_{};
};

// Port 9999 of 10.1.0.1, over UDP.
plan::Socket CollectorSocket() {
  plan::Socket socket;
  const std::uint8_t address[] = {10, 1, 0, 1};
  std::memcpy(reinterpret_cast<std::uint8_t*>(socket.value.addr_be) + 12, address, 4);
  socket.value.port_be = __builtin_bswap16(9999);
  socket.value.family = 4;
  return socket;
}

TEST_F(TermsTest, PacketsToACollectorAreGuarded) {
  const plan::Socket socket = CollectorSocket();
  Apply(plan::PutCollector{socket, PM_GUARD_ALL});
  Send(Ip4Frame(17, {0, 1, 0x27, 0x0f, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_GUARDED), 1u);
  Send(Ip4Frame(6, {0, 1, 0x27, 0x0f, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_GUARDED), 1u) << "TCP to that port is no copy";
  Apply(plan::RemoveCollector{socket});
  Send(Ip4Frame(17, {0, 1, 0x27, 0x0f, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_GUARDED), 1u);
  ExpectLaw();
}

TEST_F(TermsTest, ACollectorOfTheNormalTierIsGuardedFromSessionsOfThatTierAlone) {
  const Frame to_collector = Ip4Frame(17, {0, 1, 0x27, 0x0f, 0, 8, 0, 0});
  Apply(plan::PutCollector{CollectorSocket(), PM_GUARD_NORMAL});
  Send(to_collector);
  EXPECT_EQ(Rise(PM_GUARDED), 1u);
  EXPECT_EQ(Rise(PM_EVALUATED), 0u);
  plan::Hook hook = HookOf(PM_EGRESS);
  hook.value.n_priority = 1;
  Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  Send(to_collector);
  EXPECT_EQ(Rise(PM_GUARDED), 1u);
  EXPECT_EQ(Rise(PM_ACCEPTED), 1u) << "the session is of the priority tier now";
  Apply(plan::PutCollector{CollectorSocket(), PM_GUARD_ALL});
  Send(to_collector);
  EXPECT_EQ(Rise(PM_GUARDED), 2u);
  EXPECT_EQ(Rise(PM_ACCEPTED), 1u);
  ExpectLaw();
}

TEST_F(TermsTest, ANormalSessionBehindAPriorityOneDoesNotGetWhatIsGuarded) {
  auto rules = std::make_shared<pm_ruleset>(*AcceptAll());
  rules->n_sessions = 2;
  rules->n_rules = 1;
  rules->rule[0].session = 1;  // the first session has no rule that matches
  Apply(plan::PutRuleset{3, rules});
  plan::Hook hook = HookOf(PM_EGRESS);
  hook.value.n_sessions = 2;
  hook.value.n_priority = 1;
  hook.value.session[1] = hook.value.session[0];
  hook.value.session[0].slot = kSlots[PM_INGRESS];
  Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  Send(Ip4Frame(17, {0, 1, 0x27, 0x0f, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_ACCEPTED_TOTAL), 1u);
  Apply(plan::PutCollector{CollectorSocket(), PM_GUARD_NORMAL});
  Send(Ip4Frame(17, {0, 1, 0x27, 0x0f, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_ACCEPTED_TOTAL), 1u);
  EXPECT_EQ(Rise(PM_UNMATCHED), 1u);
}

TEST_F(TermsTest, OddFramesAreMalformedOrNotIp) {
  Frame malformed = Echo(1);
  malformed[14] = 0x41;
  Send(malformed);
  EXPECT_EQ(Rise(PM_MALFORMED), 1u);
  Frame other = Echo(1);
  other[12] = 0x88;
  other[13] = 0xb5;
  Send(other);
  EXPECT_EQ(Rise(PM_NON_IP), 1u);
  ExpectLaw();
}

TEST_F(TermsTest, AnInterfaceWithoutAHookCountsUnmatched) {
  Apply(plan::RemoveHook{kIndex, PM_EGRESS});
  Send(Echo(1));
  EXPECT_GE(Rise(PM_UNMATCHED), 1u);
  ExpectLaw();
}

TEST_F(TermsTest, ExcludedRejectedAndUnmatchedSessionsAreCounted) {
  auto rules = std::make_shared<pm_ruleset>(*AcceptAll());
  rules->session[0].infrastructure = 0;
  Apply(plan::PutRuleset{3, rules});
  Frame arp = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 2, 8, 6};
  arp.resize(60);
  Send(arp);
  EXPECT_GE(Rise(PM_EXCLUDED), 1u);
  rules = std::make_shared<pm_ruleset>(*AcceptAll());
  rules->rule[0].accept = 0;
  Apply(plan::PutRuleset{3, rules});
  Send(Echo(1));
  EXPECT_GE(Rise(PM_REJECTED), 1u);
  rules = std::make_shared<pm_ruleset>(*AcceptAll());
  rules->rule[0].need = PM_NEED_PORTS;
  Apply(plan::PutRuleset{3, rules});
  Send(Echo(1));
  EXPECT_GE(Rise(PM_NO_MATCH), 1u);
  ExpectLaw();
}

TEST_F(TermsTest, ASessionEndsWhenItExpires) {
  timespec now{};
  clock_gettime(CLOCK_TAI, &now);
  const std::uint64_t ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1000000000 + static_cast<std::uint64_t>(now.tv_nsec);
  plan::Hook hook = HookOf(PM_EGRESS);
  hook.value.session[0].expires_tai_ns = ns + 3600ULL * 1000000000;
  Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  Send(Echo(1));
  const auto accepted = Rise(PM_ACCEPTED);
  EXPECT_GE(accepted, 1u);
  hook.value.session[0].expires_tai_ns = ns - 1;
  Apply(plan::PutHook{kIndex, PM_EGRESS, hook});
  Send(Echo(2));
  EXPECT_EQ(Rise(PM_ACCEPTED), accepted);
  ExpectLaw();
}

TEST_F(TermsTest, ClusterDnsIsAcceptedWithoutRules) {
  auto rules = std::make_shared<pm_ruleset>(*AcceptAll());
  rules->n_rules = 0;
  rules->session[0].cluster_dns = 1;
  Apply(plan::PutRuleset{3, rules});
  plan::Socket dns;
  const std::uint8_t address[] = {10, 1, 0, 1};
  std::memcpy(reinterpret_cast<std::uint8_t*>(dns.value.addr_be) + 12, address, 4);
  dns.value.port_be = __builtin_bswap16(53);
  dns.value.family = 4;
  Apply(plan::PutService{dns});
  const auto before = Rise(PM_ACCEPTED);
  Send(Ip4Frame(17, {0x30, 0, 0, 53, 0, 8, 0, 0}));
  Send(Ip4Frame(17, {0x30, 0, 0, 54, 0, 8, 0, 0}));
  EXPECT_EQ(Rise(PM_ACCEPTED), before + 1);
  ExpectLaw();
}

TEST_F(TermsTest, WithoutAnEndpointTheCopyEndsThere) {
  Apply(plan::PutTarget{5, TargetOf(PM_NO_ENDPOINT)});
  const auto before = Rise(PM_ENCAP_IN);
  Send(Echo(1), 3);
  EXPECT_GE(Rise(PM_DROP_NO_ENDPOINT), 3u);
  EXPECT_EQ(Rise(PM_ENCAP_IN), before);
  ExpectLaw();
}

TEST_F(TermsTest, AnEgressDeviceThatRefusesIsADropOfTheSend) {
  pm_endpoint endpoint = Endpoint();
  endpoint.max_inner = 9000;  // a lie: the collector's end takes 1500
  Apply(plan::PutEndpoint{3, {endpoint}});
  Apply(plan::PutTarget{5, TargetOf(3)});
  Send(Echo(1, 1500 - 28), 3);
  EXPECT_EQ(Rise(PM_DROP_SEND), 3u);
  ExpectLaw();
}

TEST_F(TermsTest, WithoutTheDeviceThatItIsHandedToTheCloneFails) {
  Shell(kDirect ? "ip link del up0" : "ip link del pm-copy0");
  Send(Echo(1), 3);
  EXPECT_GE(Rise(PM_CLONE_FAILED), 3u);
  ExpectLaw();
}

TEST_F(TermsTest, EncapsulatedSuperFramesAreDropped) {
  Shell(
      "ip -n pod link add vx0 address 02:00:00:00:03:02 type vxlan id 5 remote 10.1.0.1 dstport 4790 dev eth0\n"
      "ip -n pod link set vx0 mtu 1450 up; ip -n pod addr add 10.3.0.2/24 dev vx0\n"
      "ip -n pod neigh add 10.3.0.1 lladdr 02:00:00:00:03:01 dev vx0");
  ASSERT_TRUE(UdpSuperFrameFromPod("10.3.0.1", 7777, 9500, 1000));
  EXPECT_TRUE(Await([this] { return Rise(PM_DROP_ENCAP) == 1; }));
  ExpectLaw();
}

TEST_F(TermsTest, TheBudgetLetsItsDepthPassAndNoMore) {
  constexpr std::uint64_t kDepth = 100000;
  Apply(plan::PutBudget{1, {.ifindex = up_ifindex_, .bytes_per_second = 1, .depth = kDepth}});
  pm_endpoint endpoint = Endpoint();
  endpoint.budget = 1;
  Apply(plan::PutEndpoint{3, {endpoint}});
  Apply(plan::PutTarget{5, TargetOf(3)});
  const Frame frame = Echo(1, 1000 - 42);
  Send(frame, 200);
  const auto sent = Slot(PM_EGRESS).bytes[PM_SENT] + Slot(PM_INGRESS).bytes[PM_SENT];
  const auto copies = Slot(PM_EGRESS).packets[PM_SENT] + Slot(PM_INGRESS).packets[PM_SENT];
  const auto before = start_.bytes[PM_SENT];
  EXPECT_GE(Rise(PM_OVER_BUDGET), 50u);
  const std::uint64_t outer = sent - before + PM_OUTER_V4 * copies;
  EXPECT_LE(outer, kDepth + 2000) << "outer bytes count";
  EXPECT_GE(outer, kDepth - 2 * (frame.size() + PM_OUTER_V4) - PM_BUDGET_QUANTUM);
  ExpectLaw();
}

TEST_F(TermsTest, TheBudgetFillsUpWithTime) {
  Apply(plan::PutBudget{1, {.ifindex = up_ifindex_, .bytes_per_second = 2'000'000, .depth = 262144}});
  pm_endpoint endpoint = Endpoint();
  endpoint.budget = 1;
  Apply(plan::PutEndpoint{3, {endpoint}});
  Apply(plan::PutTarget{5, TargetOf(3)});
  const Frame frame = Echo(1, 1000 - 42);
  const auto start = std::chrono::steady_clock::now();
  const Wire pod = OpenPod();
  while (std::chrono::steady_clock::now() - start < seconds(1)) ASSERT_TRUE(pod.Send(frame));
  const auto sent = Slot(PM_EGRESS).bytes[PM_SENT] + Slot(PM_INGRESS).bytes[PM_SENT];
  EXPECT_GT(Rise(PM_OVER_BUDGET), 0u);
  EXPECT_GT(sent, 1'800'000u);
  EXPECT_LT(sent, 2'700'000u);
  ExpectLaw();
}

TEST_F(TermsTest, AnIdleBudgetHoldsItsDepthAndNoMore) {
  constexpr std::uint64_t kRate = 4'000'000, kDepth = 100000;
  Apply(plan::PutBudget{1, {.ifindex = up_ifindex_, .bytes_per_second = kRate, .depth = kDepth}});
  pm_endpoint endpoint = Endpoint();
  endpoint.budget = 1;
  Apply(plan::PutEndpoint{3, {endpoint}});
  Apply(plan::PutTarget{5, TargetOf(3)});
  const auto outer = [this] {
    std::uint64_t bytes = 0;
    for (pm_direction direction : {PM_EGRESS, PM_INGRESS})
      bytes += Slot(direction).bytes[PM_SENT] + PM_OUTER_V4 * Slot(direction).packets[PM_SENT];
    return bytes;
  };
  Send(Echo(1));  // the bucket's time begins
  const auto before = outer();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // worth 16 times the depth
  const auto start = std::chrono::steady_clock::now();
  Send(Echo(1, 1000 - 42), 500);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double held = kDepth + static_cast<double>(PM_BUDGET_QUANTUM) * std::thread::hardware_concurrency();
  EXPECT_LE(static_cast<double>(outer() - before), held + took.count() * kRate + 2000);
  ExpectLaw();
}

// A bucket that never fills up again lets the super-frame pass if it holds that many bytes, and not with one less.
TEST_F(TermsTest, ASuperFrameCostsWhatItsSegmentsTakeOnTheWire) {
  constexpr std::uint64_t kSegments = 9, kHeaders = 14 + 20 + 8;
  std::uint32_t id = 0;
  const auto passes = [&](std::uint64_t depth, std::uint16_t packet_length) {
    ++id;
    Apply(plan::PutBudget{id, {.ifindex = up_ifindex_, .bytes_per_second = 1, .depth = depth}});
    pm_endpoint endpoint = Endpoint();
    endpoint.budget = id;
    Apply(plan::PutEndpoint{id + 3, {endpoint}});
    PutHooks(packet_length);
    Apply(plan::PutTarget{5, TargetOf(static_cast<std::uint16_t>(id + 3))});
    const auto before = Slot(PM_EGRESS);
    EXPECT_TRUE(UdpSuperFrameFromPod("10.1.0.1", 7777, 1000 * kSegments, 1000));
    EXPECT_TRUE(Await([&] { return Slot(PM_EGRESS).packets[PM_ACCEPTED] > before.packets[PM_ACCEPTED]; }));
    return Slot(PM_EGRESS).packets[PM_OVER_BUDGET] == before.packets[PM_OVER_BUDGET];
  };
  constexpr std::uint64_t kWhole = kSegments * (kHeaders + 1000 + PM_OUTER_V4);
  EXPECT_TRUE(passes(kWhole, 0));
  EXPECT_FALSE(passes(kWhole - 1, 0));
  constexpr std::uint64_t kCut = kSegments * (100 + PM_OUTER_V4);
  EXPECT_TRUE(passes(kCut, 100));
  EXPECT_FALSE(passes(kCut - 1, 100));
}

TEST_F(TermsTest, ABudgetOfNothingLetsNothingPass) {
  Apply(plan::PutBudget{1, {.ifindex = up_ifindex_, .bytes_per_second = 0, .depth = 262144}});
  pm_endpoint endpoint = Endpoint();
  endpoint.budget = 1;
  Apply(plan::PutEndpoint{3, {endpoint}});
  Apply(plan::PutTarget{5, TargetOf(3)});
  const auto before = Rise(PM_ENCAP_IN);
  Send(Echo(1), 5);
  EXPECT_GE(Rise(PM_OVER_BUDGET), 5u);
  EXPECT_EQ(Rise(PM_ENCAP_IN), before);
}

TEST_F(TermsTest, OurOwnCopiesOnTheUplinkAreGuarded) {
  Apply(plan::PutInterface{up_ifindex_, {.index = 1, .pad = 0, .identity = 0}});
  Apply(plan::ResetInterfaceCounters{1});
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    plan::Hook hook = HookOf(direction);
    Apply(plan::PutHook{1, direction, hook});
    Apply(plan::Attach{up_ifindex_, direction});
  }
  Send(Echo(1), 3);
  EXPECT_TRUE(Await([] {
    const auto counters = dataplane::ReadCounters(kBpffs);
    return counters && counters->hooks[1 * 2 + PM_INGRESS].packets[PM_GUARDED] >= 3;
  }));
}

}  // namespace
}  // namespace podmirror::testing
