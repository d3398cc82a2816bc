#include "tests/datapath/life/rival.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <cstring>

namespace podmirror::testing {

using dataplane::Fd;
using dataplane::Hook;

Fd AttachRival(const std::string& interface, Hook hook) {
  constexpr std::int32_t kTcxNext = -1;
  const bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = kTcxNext},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "rival", "GPL", code, std::size(code), nullptr));
  EXPECT_TRUE(program) << std::strerror(errno);
  Fd link = dataplane::AttachFirst(program, if_nametoindex(interface.c_str()), hook);
  EXPECT_TRUE(link) << std::strerror(errno);
  return link;
}

std::vector<std::uint32_t> LinksAt(const std::string& interface, Hook hook) {
  std::vector<std::uint32_t> links;
  EXPECT_EQ(dataplane::QueryHook(if_nametoindex(interface.c_str()), hook, links), 0);
  return links;
}

}  // namespace podmirror::testing
