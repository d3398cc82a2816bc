#include "tests/datapath/traffic/world.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace podmirror::testing {
namespace {

// Nobody speaks unasked, as far as that can be had: no IPv6 of the kernel's own, and every neighbour is known.
constexpr const char* kNetwork = R"(
for i in pod peer far near; do ip netns add $i; ip -n $i link set lo up; done
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link add br0 address 02:00:00:00:00:f0 type bridge stp_state 0 mcast_snooping 0
# Netfilter, where it looks into bridges at all, drops IP that is not right.
for i in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $i ] || echo 0 >$i; done
ip link add pod0 address 02:00:00:00:00:f1 type veth peer name eth0 address 02:00:00:00:00:01 netns pod
ip link add peer0 address 02:00:00:00:00:f2 type veth peer name eth0 address 02:00:00:00:00:02 netns peer
for i in pod peer; do ip link set ${i}0 mtu $POD_MTU master br0 up; done
ip link set br0 mtu $POD_MTU up
number=2
for i in pod peer; do
  ip -n $i link set eth0 mtu $POD_MTU addrgenmode none up
  ip -n $i addr add 10.1.0.$number/24 dev eth0
  ip -n $i addr add fd01::$number/64 dev eth0 nodad
  number=3
done
ip -n pod neigh replace 10.1.0.3 lladdr 02:00:00:00:00:02 dev eth0
ip -n pod neigh replace fd01::3 lladdr 02:00:00:00:00:02 dev eth0
ip -n peer neigh replace 10.1.0.2 lladdr 02:00:00:00:00:01 dev eth0
ip -n peer neigh replace fd01::2 lladdr 02:00:00:00:00:01 dev eth0
ip -n pod route add default via 10.1.0.3

ip link add up0 address 02:00:00:00:09:01 type veth peer name eth0 address 02:00:00:00:09:02 netns far
ip link add near0 address 02:00:00:00:08:01 type veth peer name eth0 address 02:00:00:00:08:02 netns near
for i in up near; do ip link set ${i}0 mtu $PATH_MTU up; done
for i in far near; do ip -n $i link set eth0 mtu $PATH_MTU addrgenmode none up; done
ip addr add 10.9.0.1/24 dev up0; ip -n far addr add 10.9.0.2/24 dev eth0
ip addr add 10.8.0.1/24 dev near0; ip -n near addr add 10.8.0.2/24 dev eth0
ethtool -K up0 tx off tso off gso off >/dev/null
)";

constexpr Leg kFar = {{2, 0, 0, 0, 9, 1}, {2, 0, 0, 0, 9, 2}, {10, 9, 0, 1}, {10, 9, 0, 2}};
constexpr Leg kNear = {{2, 0, 0, 0, 8, 1}, {2, 0, 0, 0, 8, 2}, {10, 8, 0, 1}, {10, 8, 0, 2}};

constexpr std::size_t kAll = static_cast<std::size_t>(-1);
constexpr std::chrono::milliseconds kNow{0};
constexpr std::chrono::seconds kLimit{5};

template <typename T>
T Sure(Result<T> result) {
  if (!result) throw std::runtime_error(Describe(result.error()));
  return std::move(*result);
}

template <typename T>
void Append(std::vector<T>& to, std::vector<T> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

std::string Links() { return Execute({"ip", "-o", "link"}).out; }

std::string Pins() { return Execute({"find", "/sys/fs/bpf"}).out; }

}  // namespace

DesiredFilter Everything() {
  DesiredFilter filter;
  filter.ingress = filter.egress = {Rule()};
  filter.infrastructure = 15;
  return filter;
}

void TrafficWorld::Build(const Mtus& mtus) {
  mtus_ = mtus;
  ASSERT_NO_FATAL_FAILURE(PrivateNetwork::SetUp());
  ASSERT_EQ(mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr), 0) << std::strerror(errno);
  Shell("POD_MTU=" + std::to_string(mtus.pod) + " PATH_MTU=" + std::to_string(mtus.path) + "\n" + kNetwork);
  links_before_ = Links();
  pins_before_ = Pins();
  OpenCollector("far", kFar);
  OpenCollector("near", kNear);
  pod_tap_.emplace(Sure(Tap::Open("pod", "eth0")));
  peer_tap_.emplace(Sure(Tap::Open("peer", "eth0")));
  pod_wire_.emplace(Sure(Wire::Open("pod", "eth0")));
  peer_wire_.emplace(Sure(Wire::Open("peer", "eth0")));
}

void TrafficWorld::OpenCollector(const std::string& name, const Leg& leg) {
  Collector& collector = collectors_[name];
  collector.leg = leg;
  collector.wire.emplace(Sure(Wire::Open(name, "eth0")));
  collector.sink.emplace(Sure(UdpSink::Open(name, kVxlanPort)));
}

void TrafficWorld::TearDown() {
  if (collectors_.empty()) return;  // nothing was built
  Stop();
  const Ended ended = Podmirror({"cleanup"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(Links(), links_before_);
  EXPECT_EQ(Pins(), pins_before_);
  EXPECT_THAT(Execute({"ip", "neigh"}).out, ::testing::Not(::testing::HasSubstr("managed")));
}

void TrafficWorld::Stop() {
  if (!local_) return;
  local_->Signal(SIGTERM);
  EXPECT_EQ(local_->Wait(), 0) << local_->err();
  local_.reset();
}

void TrafficWorld::Mirror(std::vector<Session> sessions, const Surroundings& more) {
  Stop();
  sessions_ = std::move(sessions);
  more_ = more;
  more_.collectors.push_back({Sure(IpAddress::Parse("10.9.0.2")), kVxlanPort});
  more_.collectors.push_back({Sure(IpAddress::Parse("10.8.0.2")), kVxlanPort});
  std::string text = more.targets + more.yaml;
  for (const Session& session : sessions_) text += ToYaml(session);
  folder_.Write("pods.yaml", Pod("pod", "web", "10.1.0.2"));
  folder_.Write("sessions.yaml", text);
  local_ = std::make_unique<Program>(
      std::vector<std::string>{PodmirrorBinary(), "local", "-f", folder_.path(), "--node-budget", "off"});
  ASSERT_TRUE(local_->Says("ready\n")) << local_->err();
  EXPECT_THAT(local_->err(), ::testing::Not(::testing::HasSubstr("error"))) << text;
  Forget();
}

void TrafficWorld::MirrorAll(const std::string& target, std::optional<std::uint16_t> packet_length) {
  Mirror({{.name = "all-" + std::to_string(packet_length.value_or(0)),
           .vni = kVni,
           .target = target,
           .filter = Everything(),
           .packet_length = packet_length}});
}

// Begins to count where nothing is on its way.
void TrafficWorld::Forget() {
  base_ = Json();
  for (int tries = 0; tries < 20; ++tries) {
    Json before = Status();
    TakeFrames();
    pod_frames_.clear();
    peer_frames_.clear();
    for (auto& [name, collector] : collectors_) {
      collector.frames.clear();
      collector.datagrams.clear();
      collector.wanted.clear();
    }
    base_ = Status();
    if (base_ == before) break;
  }
  cut_late_ = 0;
}

void TrafficWorld::TakeFrames() {
  Append(pod_frames_, pod_tap_->Take());
  Append(peer_frames_, peer_tap_->Take());
  for (auto& [name, collector] : collectors_) {
    Append(collector.frames, collector.wire->Take(kAll, kNow, IsCopy));
    Append(collector.datagrams, collector.sink->Take(kAll, kNow));
  }
}

void TrafficWorld::SendRaw(Frame frame, Direction direction) {
  if (direction == Direction::kIngress) std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
  Expect((direction == Direction::kEgress ? *pod_wire_ : *peer_wire_).Send(frame));
}

void TrafficWorld::SendBothWays(const Frame& frame) {
  SendRaw(frame, Direction::kEgress);
  SendRaw(frame, Direction::kIngress);
}

std::vector<Ends> TrafficWorld::Conversations() const {
  return {{"pod", "10.1.0.2", "peer", "10.1.0.3"},
          {"pod", "fd01::2", "peer", "fd01::3"},
          {"peer", "10.1.0.3", "pod", "10.1.0.2"},
          {"peer", "fd01::3", "pod", "fd01::2"}};
}

Json TrafficWorld::Status() const {
  const Ended ended = Podmirror({"status", "-o", "json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  return Json::parse(ended.out, nullptr, false);
}

// Until the hooks have seen what the tap has seen.
void TrafficWorld::AwaitRest() {
  for (int tries = 0; tries < 20; ++tries) {
    TakeFrames();
    end_ = Status();
    const auto sent = std::ranges::count(pod_frames_, true, &Tapped::sent);
    if (InterfaceTerm(Direction::kEgress, "seen") == sent &&
        InterfaceTerm(Direction::kIngress, "seen") == std::ssize(pod_frames_) - sent) {
      return;
    }
  }
  ADD_FAILURE() << "the hooks have seen " << InterfaceTerm(Direction::kEgress, "seen") << " frames from and "
                << InterfaceTerm(Direction::kIngress, "seen") << " to the pod, the tap " << pod_frames_.size();
}

void TrafficWorld::Check() {
  AwaitRest();
  for (auto& [name, collector] : collectors_) {
    const auto all = static_cast<std::size_t>(WireSent(name));
    if (collector.frames.size() < all) {
      Append(collector.frames, collector.wire->Take(all - collector.frames.size(), kLimit, IsCopy));
    }
    if (collector.datagrams.size() < all) {
      Append(collector.datagrams, collector.sink->Take(all - collector.datagrams.size(), kLimit));
    }
    EXPECT_EQ(collector.frames.size(), all) << "copies at the collector " << name;
    EXPECT_EQ(collector.wire->Dropped(), 0u);
  }
  EXPECT_EQ(pod_tap_->Dropped() + peer_tap_->Dropped(), 0u) << "the test is too slow to see everything";
  Tally tally;
  for (const Tapped& tapped : pod_frames_) Judge(tapped, tally);
  for (auto& [name, collector] : collectors_) {
    CheckCopies(name, collector);
  }
  CheckFlows();
  CheckProduction();
  CheckCounters(tally);
  CheckLaw();
}

}  // namespace podmirror::testing
