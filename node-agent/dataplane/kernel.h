// bpf(2), as far as libbpf 1.1 does not know it or hides errno. Everything returns 0 or more, or -errno.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node-agent/bpf/abi.h"
#include "node-agent/dataplane/fd.h"

namespace podmirror::dataplane {

// Where a program of ours is attached, in the kernel's words.
enum class Hook : std::uint32_t { kTcxIngress = 46, kTcxEgress = 47 };

// What the pod receives is the host side's tc egress.
inline Hook HookOf(pm_direction direction) { return direction == PM_INGRESS ? Hook::kTcxEgress : Hook::kTcxIngress; }

struct LinkState {
  std::uint32_t id = 0;
  std::uint32_t program_id = 0;
  std::uint32_t ifindex = 0;  // 0: its device is gone
  Hook hook = Hook::kTcxIngress;
  bool is_tcx = false;
};

// A pinned object; invalid with errno set where there is none. Maps may be opened for reading only, which needs no
// capability.
Fd OpenPin(const std::string& path, bool read_only = false);
int Pin(const Fd& object, const std::string& path);

int LinkInfo(const Fd& link, LinkState& state);
int MapId(const Fd& map, std::uint32_t& id);
int MapValueSize(const Fd& map, std::uint32_t& size);
int ProgramId(const Fd& program, std::uint32_t& id);
int ProgramMapIds(const Fd& program, std::vector<std::uint32_t>& ids);

// Attaches before everybody else.
Fd AttachFirst(const Fd& program, std::uint32_t ifindex, Hook hook);
int Swap(const Fd& link, const Fd& program);

// Ids of the links at the hook in the order in which they run; 0 for a program without a link. Empty: nobody.
int QueryHook(std::uint32_t ifindex, Hook hook, std::vector<std::uint32_t>& link_ids);

}  // namespace podmirror::dataplane
