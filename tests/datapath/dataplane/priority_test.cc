// What cannot be seen in a copy on the wire: the class in which it leaves.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "node-agent/dataplane/kernel.h"
#include "priority_bpf.skel.h"
#include "tests/datapath/dataplane/mirror_world.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;

// linux/pkt_sched.h
constexpr int kInteractive = 6;
constexpr std::uint32_t kBulk = 2;

struct Destroy {
  void operator()(priority_bpf* skeleton) const { priority_bpf__destroy(skeleton); }
};

// An urgent datagram of production from the host to the pod.
void SendUrgent() {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::uint32_t mark = 0x77;
  ASSERT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_PRIORITY, &kInteractive, sizeof(kInteractive)), 0);
  ASSERT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(7777);
  inet_pton(AF_INET, "10.1.0.2", &to.sin_addr);
  ASSERT_EQ(sendto(fd.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 1);
}

class PriorityTest : public MirrorWorld {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(MirrorWorld::SetUp());
    Mirror();
    probe_.reset(priority_bpf__open_and_load());
    ASSERT_NE(probe_, nullptr);
    const auto egress = static_cast<bpf_attach_type>(dataplane::Hook::kTcxEgress);  // behind pm_uplink
    const int program = bpf_program__fd(probe_->progs.note_copies);
    link_ = std::make_unique<Fd>(bpf_link_create(program, static_cast<int>(up_ifindex_), egress, nullptr));
    ASSERT_TRUE(*link_);
  }

  std::unique_ptr<priority_bpf, Destroy> probe_;
  std::unique_ptr<Fd> link_;
};

TEST_F(PriorityTest, CopiesQueueBehindProduction) {
  SendUrgent();
  ASSERT_TRUE(Await([&] { return probe_->bss->copies == 1; }));
  EXPECT_EQ(probe_->bss->priority, kBulk);
}

TEST_F(PriorityTest, CopiesLoseTheMarkOfProduction) {
  SendUrgent();
  ASSERT_TRUE(Await([&] { return probe_->bss->copies == 1; }));
  EXPECT_EQ(probe_->bss->mark, 0u);
}

}  // namespace
}  // namespace podmirror::testing
