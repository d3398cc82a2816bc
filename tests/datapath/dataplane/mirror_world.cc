#include "tests/datapath/dataplane/mirror_world.h"

#include <net/if.h>

#include <algorithm>
#include <numeric>

namespace podmirror::testing {
namespace {

// Nobody speaks unasked: no IPv6 of the kernel's own, and every neighbour is known.
constexpr const char* kNetwork = R"(
ip netns add pod; ip netns add col
ip link add pod0 address 02:00:00:00:01:01 type veth peer name eth0 address 02:00:00:00:01:02 netns pod
ip link add up0 address 02:00:00:00:09:01 type veth peer name eth0 address 02:00:00:00:09:02 netns col
sysctl -qw net.ipv6.conf.pod0.disable_ipv6=1 net.ipv6.conf.up0.disable_ipv6=1
for i in pod col; do ip netns exec $i sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; done
ip addr add 10.1.0.1/24 dev pod0; ip addr add 10.9.0.1/24 dev up0
ip -n pod addr add 10.1.0.2/24 dev eth0; ip -n col addr add 10.9.0.2/24 dev eth0
for i in pod col; do ip -n $i link set lo up; ip -n $i link set eth0 up; done
ip link set pod0 up; ip link set up0 up
ip neigh add 10.1.0.2 lladdr 02:00:00:00:01:02 dev pod0
ip -n pod neigh add 10.1.0.1 lladdr 02:00:00:00:01:01 dev eth0
ip -n pod route add default via 10.1.0.1
ethtool -K up0 tx off tso off gso off >/dev/null
)";

std::uint16_t Be16(const Frame& frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
}

// One's-complement sum of bytes, RFC 1071.
std::uint32_t Sum(const Frame& frame, std::size_t begin, std::size_t end, std::uint32_t sum = 0) {
  for (std::size_t i = begin; i < end; i += 2) sum += frame[i] << 8 | (i + 1 < end ? frame[i + 1] : 0);
  return sum;
}

std::uint16_t Fold(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

void PutChecksum(Frame& frame, std::size_t at, std::uint32_t sum) {
  const auto checksum = static_cast<std::uint16_t>(~Fold(sum));
  frame[at] = static_cast<std::uint8_t>(checksum >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(checksum);
}

}  // namespace

Frame Ip4Frame(std::uint8_t protocol, const Frame& payload, const Frame& tags) {
  Frame frame = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2};
  frame.insert(frame.end(), tags.begin(), tags.end());
  const std::size_t ip = frame.size() + 2;
  const std::size_t length = 20 + payload.size();
  for (int byte : {8, 0, 0x45, 0}) frame.push_back(static_cast<std::uint8_t>(byte));
  frame.push_back(static_cast<std::uint8_t>(length >> 8));
  frame.push_back(static_cast<std::uint8_t>(length));
  for (int byte : {0, 1, 0, 0, 64, int{protocol}, 0, 0, 10, 1, 0, 2, 10, 1, 0, 1}) {
    frame.push_back(static_cast<std::uint8_t>(byte));
  }
  PutChecksum(frame, ip + 10, Sum(frame, ip, ip + 20));
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

Frame Echo(std::uint8_t number, std::size_t bytes, const Frame& tags) {
  Frame icmp = {8, 0, 0, 0, 0x12, 0x34, 0, number};
  for (std::size_t i = 0; i < bytes; ++i) icmp.push_back(static_cast<std::uint8_t>(i * 7 + number));
  PutChecksum(icmp, 2, Sum(icmp, 0, icmp.size()));
  return Ip4Frame(1, icmp, tags);
}

std::optional<Copy> ReadCopy(const Frame& frame) {
  if (frame.size() < PM_OUTER_V4 + 14 || Be16(frame, 12) != 0x0800 || frame[14] != 0x45 || frame[23] != 17) return {};
  if (Be16(frame, 36) != kVxlanPort) return {};
  Copy copy;
  copy.outer = frame;
  copy.source_port = Be16(frame, 34);
  copy.vni = static_cast<std::uint32_t>(frame[46] << 16 | frame[47] << 8 | frame[48]);
  copy.inner.assign(frame.begin() + PM_OUTER_V4, frame.end());
  return copy;
}

bool ChecksumsAreRight(const Frame& inner) {
  if (Be16(inner, 12) != 0x0800) return true;
  const std::size_t header = (inner[14] & 15) * 4;
  const std::size_t l4 = 14 + header;
  const std::size_t end = std::min<std::size_t>(inner.size(), 14 + Be16(inner, 16));
  if (Fold(Sum(inner, 14, l4)) != 0xffff) return false;
  const std::uint8_t protocol = inner[23];
  if (protocol == 1) return Fold(Sum(inner, l4, end)) == 0xffff;
  if (protocol != 6 && protocol != 17) return true;
  if (protocol == 17 && Be16(inner, l4 + 6) == 0) return true;
  const std::uint32_t pseudo = Sum(inner, 26, 34, protocol + static_cast<std::uint32_t>(end - l4));
  return Fold(Sum(inner, l4, end, pseudo)) == 0xffff;
}

void MirrorWorld::SetUp() {
  ASSERT_NO_FATAL_FAILURE(PrivateNetwork::SetUp());
  ASSERT_EQ(mount("bpf", kBpffs, "bpf", 0, nullptr), 0) << std::strerror(errno);
  Shell(kNetwork);
  pod_ifindex_ = if_nametoindex("pod0");
  up_ifindex_ = if_nametoindex("up0");
  auto kernel = dataplane::OpenKernel();
  ASSERT_TRUE(kernel) << Describe(kernel.error());
  kernel_ = std::move(*kernel);
}

void MirrorWorld::Apply(const plan::Op& op) {
  auto done = kernel_->Apply(op);
  ASSERT_TRUE(done) << plan::Describe(op) << ": " << Describe(done.error());
}

plan::Observed MirrorWorld::Observe() {
  auto observed = kernel_->Observe();
  EXPECT_TRUE(observed) << Describe(observed.error());
  return observed ? *observed : plan::Observed{};
}

pm_endpoint MirrorWorld::Endpoint() const {
  pm_endpoint endpoint{};
  endpoint.ifindex = up_ifindex_;
  endpoint.flags = kDirect ? PM_ENDPOINT_DIRECT : 0;
  const std::uint8_t smac[] = {2, 0, 0, 0, 9, 1};
  const std::uint8_t dmac[] = {2, 0, 0, 0, 9, 2};
  std::copy(std::begin(smac), std::end(smac), endpoint.smac);
  std::copy(std::begin(dmac), std::end(dmac), endpoint.dmac);
  const std::uint8_t from[] = {10, 9, 0, 1};
  const std::uint8_t to[] = {10, 9, 0, 2};
  std::memcpy(&endpoint.saddr_be, from, 4);
  std::memcpy(&endpoint.daddr_be, to, 4);
  endpoint.dport = kVxlanPort;
  endpoint.max_inner = max_inner_;
  return endpoint;
}

plan::Ruleset MirrorWorld::AcceptAll() const {
  auto rules = std::make_shared<pm_ruleset>();
  rules->n_rules = 1;
  rules->n_sessions = 1;
  rules->session[0].infrastructure = PM_INFRA_ARP;
  rules->rule[0].sport_to = 65535;
  rules->rule[0].dport_to = 65535;
  rules->rule[0].accept = 1;
  return rules;
}

plan::Target MirrorWorld::TargetOf(std::uint16_t endpoint) const {
  auto target = std::make_shared<pm_target>();
  target->key = 99;
  std::fill(std::begin(target->endpoint), std::end(target->endpoint), endpoint);
  return target;
}

plan::Hook MirrorWorld::HookOf(pm_direction direction, std::uint16_t packet_length) const {
  plan::Hook hook;
  hook.value.ruleset = 3;
  hook.value.n_sessions = 1;
  hook.value.complete = 1;
  hook.value.session[0] = {.key = 1,
                           .expires_tai_ns = 0,
                           .vni = kVni,
                           .target = 5,
                           .slot = kSlots[direction],
                           .packet_length = packet_length,
                           .chained = 1,
                           .pad = 0};
  return hook;
}

void MirrorWorld::Mirror() {
  Apply(plan::CreateBase{});
  Apply(plan::PutConfig{0xff});
  if (kDirect) Apply(plan::AttachUplink{up_ifindex_});
  Apply(plan::PutEndpoint{2, {Endpoint()}});
  Apply(plan::PutTarget{5, TargetOf(2)});
  Apply(plan::PutRuleset{3, AcceptAll()});
  for (std::uint32_t slot : kSlots) Apply(plan::ResetSlot{slot});
  Apply(plan::ResetInterfaceCounters{kIndex});
  Apply(plan::PutInterface{pod_ifindex_, {.index = kIndex, .pad = 0, .identity = 77}});
  PutHooks(0);
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) Apply(plan::Attach{pod_ifindex_, direction});
}

void MirrorWorld::PutHooks(std::uint16_t packet_length) {
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    Apply(plan::PutHook{kIndex, direction, HookOf(direction, packet_length)});
  }
}

std::vector<Copy> MirrorWorld::TakeCopies(const Wire& collector, std::size_t count, const Wire::Want& inner) {
  std::vector<Copy> copies;
  const auto want = [&inner](const Frame& frame) {
    const auto copy = ReadCopy(frame);
    return copy && (!inner || inner(copy->inner));
  };
  for (const Frame& frame : collector.Take(count, std::chrono::seconds(5), want)) {
    copies.push_back(*ReadCopy(frame));
  }
  EXPECT_GE(copies.size(), count);
  return copies;
}

pm_session_counters MirrorWorld::Slot(pm_direction direction) {
  auto counters = dataplane::ReadCounters(kBpffs);
  EXPECT_TRUE(counters) << Describe(counters.error());
  return counters ? counters->slots[kSlots[direction]] : pm_session_counters{};
}

pm_interface_counters MirrorWorld::Interface(pm_direction direction) {
  auto counters = dataplane::ReadCounters(kBpffs);
  EXPECT_TRUE(counters) << Describe(counters.error());
  return counters ? counters->hooks[kIndex * 2 + direction] : pm_interface_counters{};
}

bool MirrorWorld::Await(const std::function<bool()>& done) {
  for (int i = 0; i < 500 && !done(); ++i) poll(nullptr, 0, 10);
  return done();
}

void MirrorWorld::ExpectLaw() {
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    const auto interface = Interface(direction);
    const auto slot = Slot(direction);
    const auto& n = interface.packets;
    EXPECT_EQ(n[PM_SEEN], n[PM_GUARDED] + n[PM_MALFORMED] + n[PM_NON_IP] + n[PM_UNMATCHED] + n[PM_ACCEPTED_TOTAL]);
    for (const auto& term : {slot.packets, slot.bytes}) {
      EXPECT_EQ(term[PM_EVALUATED], term[PM_EXCLUDED] + term[PM_ACCEPTED] + term[PM_REJECTED] + term[PM_NO_MATCH]);
      EXPECT_EQ(term[PM_ACCEPTED],
                term[PM_OVER_BUDGET] + term[PM_DROP_NO_ENDPOINT] + term[PM_CLONE_FAILED] + term[PM_ENCAP_IN]);
      EXPECT_EQ(term[PM_ENCAP_IN],
                term[PM_SENT] + term[PM_SEGMENTED] + term[PM_DROP_TRUNCATE] + term[PM_DROP_ENCAP] + term[PM_DROP_SEND]);
    }
    const auto& s = slot.segments;
    EXPECT_EQ(s[PM_SEGMENTS_IN], s[PM_SEGMENTS_SENT] + s[PM_SEGMENTS_DROPPED]);
    EXPECT_GE(s[PM_SEGMENTS_OF_SEGMENTED], s[PM_SEGMENTS_IN]);
    EXPECT_GE(s[PM_SEGMENTS_OF_SENT], slot.packets[PM_SENT]);
  }
}

}  // namespace podmirror::testing
