// Random frames under random rules, through files and kernel, against the reference. PODMIRROR_SEED repeats a run.
#include "tests/datapath/traffic/world.h"
#include "tests/oracle/random_frame.h"
#include "tests/oracle/random_rules.h"

namespace podmirror::testing {
namespace {

constexpr int kWorlds = 8;
constexpr int kFrames = 1500;
constexpr std::size_t kLargest = 1514;

// The kernel's own devices and bridges drop frames that end within or right behind their tags (skb_vlan_untag()), and
// within a PPPoE header (0x8864): they need not pass.
bool CanBeSent(const Frame& frame) {
  std::size_t at = 12;
  unsigned type = 0;
  for (; at + 2 <= frame.size(); at += 4) {
    type = frame[at] * 256u + frame[at + 1];
    if (type != 0x8100 && type != 0x88a8) break;
  }
  const std::size_t least = at + (type == 0x8864 ? 10 : at > 12 ? 4 : 2);
  return frame.size() >= least && frame.size() <= kLargest;
}

class RandomTest : public TrafficWorld {
 protected:
  static std::optional<std::uint16_t> RandomLength(oracle::Random& random) {
    if (random.OneIn(2)) return std::nullopt;
    return static_cast<std::uint16_t>(random.OneIn(3) ? 80 : random.Between(80, 300));
  }

  std::vector<Session> RandomSessions(oracle::Random& random, const std::string& prefix, const oracle::World& world) {
    std::vector<Session> sessions;
    for (std::size_t i = 0; i < world.filters.size(); ++i) {
      const std::string number = std::to_string(100 + i);
      sessions.push_back({.name = prefix + number,
                          .number = static_cast<int>(100 + i),
                          .vni = static_cast<std::uint32_t>(i * 1000 + random.Below(1000)),
                          .target = random.OneIn(2) ? "far" : "near",
                          .filter = world.filters[i],
                          .packet_length = RandomLength(random)});
    }
    return sessions;
  }
};

TEST_F(RandomTest, WhatArrivesIsWhatTheReferenceSelects) {
  oracle::Random random(oracle::AnnouncedSeed());
  oracle::Coverage coverage;
  for (int number = 0; number < kWorlds; ++number) {
    const oracle::World world = oracle::RandomWorld(random);
    if (world.filters.empty()) continue;  // no hook, nothing to compare
    Surroundings dns;
    dns.yaml = ClusterDns("{addresses: [10.0.1.1]}");
    dns.cluster_dns = world.cluster_dns;
    Mirror(RandomSessions(random, "w" + std::to_string(number) + "-", world), dns);
    for (int i = 0; i < kFrames; ++i) {
      const Frame frame = oracle::RandomFrame(random, coverage).wire;
      if (CanBeSent(frame)) SendRaw(frame, world.direction);
    }
    Check();
    ASSERT_FALSE(HasFailure()) << "world " << number;
  }
}

}  // namespace
}  // namespace podmirror::testing
