#include "tests/oracle/random_rules.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/oracle/pools.h"

namespace podmirror::oracle {
namespace {

template <typename T>
T Sure(const Result<T>& result) {
  if (result) return *result;
  std::fprintf(stderr, "%s\n", Describe(result.error()).c_str());
  std::abort();
}

// A pool's address cut to a random length: 0, the whole, or anything between.
Cidr RandomCidr(Random& random, bool v4) {
  Octets octets = Address(v4 ? random.Pick(kV4Pool) : random.Pick(kV6Pool));
  const std::size_t bits = octets.size() * 8;
  std::size_t length = random.Below(bits + 1);
  if (random.OneIn(2)) length = random.OneIn(3) ? 0 : bits - random.Below(3);
  // The contract refuses ranges of mapped IPv4.
  if (!v4 && octets[10] == 0xff && octets[11] == 0xff) length = std::min<std::size_t>(length, 95);
  for (std::size_t bit = length; bit < bits; ++bit) octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));

  std::array<std::uint8_t, 16> bytes{};
  std::copy(octets.begin(), octets.end(), bytes.begin());
  const IpAddress network = v4 ? IpAddress::V4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::V6(bytes);
  return Sure(Cidr::Parse(network.ToString() + "/" + std::to_string(length)));
}

PortRange RandomRange(Random& random) {
  std::int64_t from = random.Pick(kPortPool);
  std::int64_t to = random.OneIn(2) ? from : random.Pick(kPortPool);
  if (from > to) std::swap(from, to);
  return Sure(PortRange::Make(from, to));
}

DesiredFilter RandomFilter(Random& random, std::size_t n_rules, Direction direction) {
  DesiredFilter filter;
  filter.infrastructure = static_cast<std::uint8_t>(random.OneIn(4) ? 15 : random.Below(16));
  filter.cluster_dns = random.OneIn(4);
  std::vector<Rule>& rules = direction == Direction::kIngress ? filter.ingress : filter.egress;
  for (std::size_t i = 0; i < n_rules; ++i) {
    rules.push_back(RandomRule(random));
    rules.back().number = static_cast<std::uint16_t>(i + 1);
  }
  return filter;
}

// Few wide rules, or many narrow ones: packets shall meet the first rules as well as the last.
std::size_t RandomRuleCount(Random& random, std::size_t left) {
  if (random.OneIn(20)) return left;
  return random.Below(std::min<std::size_t>(left, random.OneIn(4) ? 64 : 6) + 1);
}

}  // namespace

Rule RandomRule(Random& random) {
  Rule rule;
  rule.action = random.OneIn(2) ? Action::kAccept : Action::kReject;
  const bool v4 = random.OneIn(2);
  if (random.OneIn(2)) rule.source = RandomCidr(random, v4);
  if (random.OneIn(2)) rule.destination = RandomCidr(random, v4);
  if (!random.OneIn(8)) rule.protocol = Protocol{static_cast<std::uint8_t>(random.Pick(kProtocolPool))};
  if (rule.protocol && rule.protocol->has_ports()) {
    if (random.OneIn(2)) rule.source_ports = RandomRange(random);
    if (random.OneIn(2)) rule.destination_ports = RandomRange(random);
  }
  return rule;
}

World RandomWorld(Random& random) {
  World world;
  world.direction = random.OneIn(2) ? Direction::kIngress : Direction::kEgress;
  const std::size_t n_sessions = random.OneIn(4) ? random.Below(PM_MAX_SESSIONS + 1) : random.Between(1, 4);
  std::size_t left = PM_MAX_RULES;
  for (std::size_t i = 0; i < n_sessions; ++i) {
    const std::size_t n_rules = RandomRuleCount(random, left);
    left -= n_rules;
    world.filters.push_back(RandomFilter(random, n_rules, world.direction));
  }
  if (random.OneIn(4)) world.expired = static_cast<std::uint32_t>(random.Below(1u << PM_MAX_SESSIONS));
  for (const char* address : kDnsPool) world.cluster_dns.push_back({Sure(IpAddress::Parse(address)), kDnsPort});
  world.cluster_dns.push_back({Sure(IpAddress::Parse(kDnsBackend)), kDnsBackendPort});
  Lower(world);
  return world;
}

}  // namespace podmirror::oracle
