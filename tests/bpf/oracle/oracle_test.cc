// The kernel's run of parse.h, match.h and flow.h against the reference and the native run. Needs CAP_BPF and
// CAP_NET_ADMIN.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "node-agent/plan/lower_abi.h"
#include "oracle_bpf.skel.h"
#include "tests/oracle/product.h"
#include "tests/oracle/random_frame.h"
#include "tests/oracle/random_rules.h"

namespace podmirror::oracle {
namespace {

constexpr int kPairs = 200000;
constexpr int kFramesPerWorld = 500;
constexpr std::size_t kLeast = 14;  // the test run takes no shorter frame

class Kernel {
 public:
  // Null where the verifier refuses; libbpf has then printed why.
  Kernel() : skeleton_(oracle_bpf__open_and_load(), &oracle_bpf__destroy) {}

  explicit operator bool() const { return skeleton_ != nullptr; }

  bool Put(const World& world) {
    const __u32 zero = 0;
    const __u8 one = 1;
    for (const SocketAddress& dns : world.cluster_dns) {
      const plan::Socket key = plan::LowerSocket(dns);
      if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.services), &key.value, &one, BPF_ANY) != 0) return false;
    }
    return bpf_map_update_elem(bpf_map__fd(skeleton_->maps.rulesets), &zero, world.ruleset.get(), BPF_ANY) == 0;
  }

  // What the program wrote; nothing where the run itself failed.
  std::optional<Outcome> Run(const World& world, Held held) {
    __sk_buff context{};
    std::uint16_t ethertype_be;
    std::memcpy(&ethertype_be, held.bytes.data() + 12, sizeof(ethertype_be));
    std::memset(held.bytes.data() + 12, 0, sizeof(ethertype_be));
    context.priority = ethertype_be;
    context.mark = world.expired | (held.tag == 0x8100 ? 0x10000u : 0) | (held.tag == 0x88a8 ? 0x20000u : 0);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = held.bytes.data(),
                .data_size_in = static_cast<__u32>(held.bytes.size()), .ctx_in = &context,
                .ctx_size_in = sizeof(context), .repeat = 1);
    static_assert(sizeof(Outcome) == sizeof(skeleton_->bss->result));
    std::memset(&skeleton_->bss->result, 0, sizeof(Outcome));
    const __u32 before = skeleton_->bss->runs;
    const int error = bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.oracle), &options);
    if (error != 0 || skeleton_->bss->runs != before + 1) return std::nullopt;
    Outcome outcome;
    std::memcpy(&outcome, &skeleton_->bss->result, sizeof(outcome));
    return outcome;
  }

 private:
  std::unique_ptr<oracle_bpf, decltype(&oracle_bpf__destroy)> skeleton_;
};

TEST(KernelOracle, KernelNativeProgramAndReferenceAgreeOnRandomFramesAndRules) {
  Kernel kernel;
  ASSERT_TRUE(kernel);
  Random random(AnnouncedSeed());
  Coverage coverage;
  int accepted = 0;
  for (int pair = 0; pair < kPairs;) {
    const World world = RandomWorld(random);
    ASSERT_TRUE(kernel.Put(world)) << std::strerror(errno);
    for (int i = 0; i < kFramesPerWorld;) {
      const Frame frame = RandomFrame(random, coverage);
      const Held held = HeldByKernel(frame);
      if (held.bytes.size() < kLeast) continue;
      const Reading reading = Read(frame.wire);
      coverage.NoteReading(frame, reading);
      const std::optional<Outcome> outcome = kernel.Run(world, held);
      ASSERT_TRUE(outcome) << std::strerror(errno) << ": " << Hex(frame.wire);
      ASSERT_EQ(Difference(world, reading, *outcome), "") << "pair " << pair << ": " << Hex(frame.wire);
      const Outcome native = RunNative(world, frame);
      ASSERT_EQ(std::memcmp(&native, &*outcome, sizeof(native)), 0) << "pair " << pair << ": " << Hex(frame.wire);
      accepted += IsJudged(reading) && outcome->match.winner != PM_NO_SESSION;
      ++i;
      ++pair;
    }
  }
  EXPECT_GT(accepted, kPairs / 20);
  EXPECT_THAT(coverage.Missing(), testing::ElementsAre("shorter than an Ethernet header"));
}

// A world of the largest size in which the last rule of the last session alone accepts.
World LargestWorld() {
  World world;
  world.filters.resize(PM_MAX_SESSIONS);
  for (std::size_t i = 0; i < PM_MAX_RULES; ++i) {
    Rule rule;
    rule.number = static_cast<std::uint16_t>(i + 1);
    rule.protocol = kUdp;
    rule.destination_ports = *PortRange::Make(static_cast<std::int64_t>(1000 + i), static_cast<std::int64_t>(1000 + i));
    world.filters[i * PM_MAX_SESSIONS / PM_MAX_RULES].ingress.push_back(rule);
  }
  Lower(world);
  return world;
}

TEST(KernelOracle, LastOf256RulesOf16SessionsDecides) {
  Kernel kernel;
  ASSERT_TRUE(kernel);
  const World world = LargestWorld();
  ASSERT_TRUE(kernel.Put(world));
  const Frame frame = V4({.payload = Ports(1, 1255)});
  const std::optional<Outcome> outcome = kernel.Run(world, HeldByKernel(frame));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->match.winner, 15);
  EXPECT_EQ(Difference(world, Read(frame.wire), *outcome), "");
}

TEST(KernelOracle, NoneOf256RulesMatches) {
  Kernel kernel;
  ASSERT_TRUE(kernel);
  const World world = LargestWorld();
  ASSERT_TRUE(kernel.Put(world));
  const std::optional<Outcome> outcome = kernel.Run(world, HeldByKernel(V4({.payload = Ports(1, 1256)})));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->match.winner, PM_NO_SESSION);
}

TEST(KernelOracle, PortsBehindEightLongExtensionHeadersAreRead) {
  Kernel kernel;
  ASSERT_TRUE(kernel);
  const World world = LargestWorld();
  ASSERT_TRUE(kernel.Put(world));
  const std::vector<Extension> extensions(8, Extension{.kind = 60, .length = 40});
  const Frame frame = V6({.extensions = extensions, .payload = Ports(1, 1000)});
  const std::optional<Outcome> outcome = kernel.Run(world, HeldByKernel(frame));
  ASSERT_TRUE(outcome) << std::strerror(errno);
  EXPECT_EQ(outcome->match.winner, 0);
}

}  // namespace
}  // namespace podmirror::oracle
