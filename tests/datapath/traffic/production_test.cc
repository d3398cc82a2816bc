// What others see of a packet is the same with us and without: a program that stands before ours marks each packet, one
// that stands behind ours writes down what is left of the marks and of the bytes.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "probe_bpf.skel.h"
#include "tests/datapath/probe.h"
#include "tests/datapath/traffic/world.h"

namespace podmirror::testing {
namespace {

using oracle::Ethernet;
using oracle::Ipv4;
using oracle::Ipv6;

// Of kernel 6.6 and younger; the system's headers may be older.
enum TcxHook : std::uint32_t { kTcxIngress = 46, kTcxEgress = 47 };
constexpr std::uint32_t kBefore = 1u << 3;
constexpr std::uint32_t kAfter = 1u << 4;

struct LinkCreate {
  std::uint32_t program;
  std::uint32_t ifindex;
  std::uint32_t hook;
  std::uint32_t flags;
  std::uint32_t relative;
  std::uint64_t revision;
};

// The two programs at one hook of pod0, until it is destroyed.
class Probe {
 public:
  explicit Probe(TcxHook hook) : programs_(probe_bpf__open_and_load()) {
    if (programs_ == nullptr) throw std::runtime_error("the probe cannot be loaded");
    Attach(bpf_program__fd(programs_->progs.stamp), hook, kBefore);
    Attach(bpf_program__fd(programs_->progs.probe), hook, kAfter);
  }
  ~Probe() {
    for (const int link : links_) close(link);
    probe_bpf__destroy(programs_);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  std::vector<probe_record> Records() const {
    std::vector<probe_record> records(programs_->bss->seen);
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      bpf_map_lookup_elem(bpf_map__fd(programs_->maps.records), &i, &records[i]);
    }
    // IPv6 may have said something of its own, to all.
    std::erase_if(records, [](const probe_record& record) { return (record.bytes[0] & 1) != 0; });
    return records;
  }

 private:
  void Attach(int program, TcxHook hook, std::uint32_t flags) {
    LinkCreate request{};
    request.program = static_cast<std::uint32_t>(program);
    request.ifindex = if_nametoindex("pod0");
    request.hook = hook;
    request.flags = flags;
    const long link = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request));
    if (link < 0) throw std::runtime_error(std::string("the probe cannot be attached: ") + std::strerror(errno));
    links_.push_back(static_cast<int>(link));
  }

  probe_bpf* programs_;
  std::vector<int> links_;
};

struct Recorded {
  std::vector<probe_record> from_pod;
  std::vector<probe_record> to_pod;
};

class ProductionTest : public TrafficWorld {
 protected:
  static std::vector<Frame> Frames() {
    std::vector<Frame> frames;
    for (const std::size_t size : {0u, 20u, 500u, 1400u}) {
      oracle::Octets payload = oracle::Ports(7, 8, size);
      for (std::size_t i = 4; i < payload.size(); ++i) payload[i] = PatternAt(i);
      for (const auto& tags : {std::vector<unsigned>{}, {0x8100}, {0x88a8, 0x8100}, {0x8100, 0x8100, 0x8100}}) {
        frames.push_back(Ethernet(0x0800, Ipv4{.payload = payload}.Build(), tags));
        frames.push_back(Ethernet(0x86dd, Ipv6{.protocol = 6, .payload = payload}.Build(), tags));
        frames.push_back(Ethernet(0x0806, oracle::Join({oracle::Arp({10, 0, 0, 1}, {10, 0, 0, 2}), payload}), tags));
      }
      frames.push_back(Ethernet(0x0800, Ipv4{.payload = payload, .header_words = 3}.Build()));
      frames.push_back(Ethernet(0x88cc, payload));
    }
    return frames;
  }

  Recorded Record() {
    const Probe from_pod(kTcxIngress), to_pod(kTcxEgress);
    for (const Frame& frame : Frames()) SendBothWays(frame);
    return {from_pod.Records(), to_pod.Records()};
  }

  // Only what `Frames()` sends.
  static void ExpectEqual(const std::vector<probe_record>& with_us, const std::vector<probe_record>& without) {
    ASSERT_EQ(with_us.size(), Frames().size());
    ASSERT_EQ(without.size(), with_us.size());
    for (std::size_t i = 0; i < with_us.size(); ++i) {
      EXPECT_EQ(std::memcmp(&with_us[i], &without[i], sizeof(probe_record)), 0) << "frame " << i;
      EXPECT_EQ(with_us[i].mark, PROBE_MARK);
      EXPECT_EQ(with_us[i].priority, PROBE_PRIORITY);
      EXPECT_EQ(with_us[i].tc_index, PROBE_TC_INDEX);
      EXPECT_EQ(with_us[i].hash, PROBE_HASH);
      for (std::uint32_t k = 0; k < 5; ++k) EXPECT_EQ(with_us[i].cb[k], PROBE_CB + k);
    }
  }
};

TEST_F(ProductionTest, MarksOfOthersAndBytesAreUntouched) {
  for (const char* target : {"far", "near"}) {
    for (const std::uint16_t length : {0, 100}) {
      MirrorAll(target, length == 0 ? std::nullopt : std::optional(length));
      Stop();  // what is programmed goes on; nobody puts our programs before the stamp
      const Recorded with_us = Record();
      Check();
      EXPECT_GT(Term("all-" + std::to_string(length), Direction::kEgress, "mirrored"), 0);
      ASSERT_EQ(Podmirror({"cleanup"}).code, 0);
      const Recorded without = Record();
      TakeFrames();
      ExpectEqual(with_us.from_pod, without.from_pod);
      ExpectEqual(with_us.to_pod, without.to_pod);
    }
  }
}

}  // namespace
}  // namespace podmirror::testing
