#include "tests/bench/hooks.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/bench/tally.h"

namespace podmirror::bench {
namespace {

// linux/bpf.h of 6.6 and newer; Debian 12 compiles with an older one.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

constexpr int kTestRounds = 15, kTestRepeat = 100'000;

std::uint32_t IndexOf(const std::string& device) {
  const std::uint32_t index = if_nametoindex(device.c_str());
  if (index == 0) Die("no device " + device);
  return index;
}

// 64 bytes of UDP from 10.244.1.10 port 40000 to 10.244.1.11 port 9999, as traffic.cc sends it.
std::array<std::uint8_t, 106> UdpFrame() {
  std::array<std::uint8_t, 106> frame{};
  frame[12] = ETH_P_IP >> 8;
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.tot_len = htons(frame.size() - ETH_HLEN);
  ip.saddr = htonl(0x0af4010a);
  ip.daddr = htonl(0x0af4010b);
  udphdr udp{};
  udp.source = htons(40000);
  udp.dest = htons(9999);
  udp.len = htons(frame.size() - ETH_HLEN - sizeof(ip));
  std::memcpy(&frame[ETH_HLEN], &ip, sizeof(ip));
  std::memcpy(&frame[ETH_HLEN + sizeof(ip)], &udp, sizeof(udp));
  return frame;
}

double TestRun(int program, std::uint32_t ifindex) {
  auto frame = UdpFrame();
  __sk_buff context{};
  context.ifindex = ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size(), .ctx_in = &context,
              .ctx_size_in = sizeof(context), .repeat = kTestRepeat);
  if (bpf_prog_test_run_opts(program, &options) < 0) Die("BPF_PROG_TEST_RUN: " + std::string(std::strerror(errno)));
  return options.duration;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "bench_tool: %s\n", what.c_str());
  std::exit(1);
}

InNamespace::InNamespace(const std::string& name) {
  if (name == "-") return;
  const std::string path = "/run/netns/" + name;
  home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int other = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (home_ < 0 || other < 0 || setns(other, CLONE_NEWNET) != 0) Die("cannot enter " + path);
  close(other);
}

InNamespace::~InNamespace() {
  if (home_ < 0) return;
  if (setns(home_, CLONE_NEWNET) != 0) Die("cannot leave a namespace");
  close(home_);
}

Hooks::Hooks() : skeleton_(bench_bpf__open_and_load()) {
  if (skeleton_ == nullptr) Die("bench.bpf.c does not load");
}

Hooks::~Hooks() {
  for (const auto& [name, link] : links_) close(link);
  bench_bpf__destroy(skeleton_);
}

void Hooks::Attach(const std::string& name, const std::string& program, const std::string& space,
                   const std::string& device, bool ingress) {
  bpf_program* found = bpf_object__find_program_by_name(skeleton_->obj, program.c_str());
  if (found == nullptr) Die("no program " + program);
  const InNamespace there(space);
  const auto ifindex = static_cast<int>(IndexOf(device));
  const int link = bpf_link_create(bpf_program__fd(found), ifindex, ingress ? kTcxIngress : kTcxEgress, nullptr);
  if (link < 0) Die("cannot attach to " + device + ": " + std::strerror(errno));
  links_[name] = link;
}

void Hooks::Detach(const std::string& name) {
  const auto found = links_.find(name);
  if (found == links_.end()) Die("no hook " + name);
  close(found->second);
  links_.erase(found);
}

void Hooks::PointAt(const std::string& what, const std::string& device) {
  (what == "floor" ? skeleton_->bss->floor_ifindex : skeleton_->bss->nic_ifindex) = IndexOf(device);
}

void Hooks::Zero() {
  const std::vector<std::uint64_t> zeros(libbpf_num_possible_cpus());
  for (std::uint32_t which = 0; which < TALLIES; ++which) {
    bpf_map_update_elem(bpf_map__fd(skeleton_->maps.tallies), &which, zeros.data(), BPF_ANY);
  }
}

std::uint64_t Hooks::Tally(std::uint32_t which) const {
  std::vector<std::uint64_t> values(libbpf_num_possible_cpus());
  bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.tallies), &which, values.data());
  std::uint64_t sum = 0;
  for (const std::uint64_t value : values) sum += value;
  return sum;
}

Hooks::Times Hooks::Time(const std::string& device, bool ingress) {
  const std::uint32_t ifindex = IndexOf(device);
  std::uint32_t ids[8], count = 8, flags = 0;
  const bpf_attach_type hook = ingress ? kTcxIngress : kTcxEgress;
  if (bpf_prog_query(static_cast<int>(ifindex), hook, 0, &flags, ids, &count) < 0 || count == 0) {
    Die("no program at the tc hook of " + device);
  }
  const int program = bpf_prog_get_fd_by_id(ids[0]);
  if (program < 0) Die("cannot open the program at " + device);
  std::vector<double> ours, empty;
  for (int round = 0; round < kTestRounds; ++round) {
    ours.push_back(TestRun(program, ifindex));
    empty.push_back(TestRun(bpf_program__fd(skeleton_->progs.empty), ifindex));
  }
  close(program);
  return {Median(ours), Median(empty)};
}

}  // namespace podmirror::bench
