#include "node-agent/dataplane/kernel.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include <array>

namespace podmirror::dataplane {
namespace {

constexpr std::uint32_t kLinkTypeTcx = 11;     // enum bpf_link_type, linux/bpf.h of 6.6
constexpr std::uint32_t kFlagBefore = 1 << 3;  // BPF_F_BEFORE without a relative object: at the head
constexpr std::size_t kMaxPrograms = 64;       // bpf_mprog_max()

// struct bpf_link_info as of 6.6, as far as tcx needs it.
struct TcxLinkInfo {
  std::uint32_t type;
  std::uint32_t id;
  std::uint32_t prog_id;
  std::uint32_t pad;
  std::uint32_t ifindex;
  std::uint32_t attach_type;
  std::array<std::uint64_t, 4> rest;
};

// The query part of union bpf_attr as of 6.6.
struct QueryAttr {
  std::uint32_t target_ifindex;
  std::uint32_t attach_type;
  std::uint32_t query_flags;
  std::uint32_t attach_flags;
  std::uint64_t prog_ids;
  std::uint32_t count;
  std::uint32_t pad;
  std::uint64_t prog_attach_flags;
  std::uint64_t link_ids;
  std::uint64_t link_attach_flags;
  std::uint64_t revision;
};

// The link_create part as of 6.6.
struct LinkCreateAttr {
  std::uint32_t prog_fd;
  std::uint32_t target_ifindex;
  std::uint32_t attach_type;
  std::uint32_t flags;
  std::uint32_t relative_fd;
  std::uint32_t pad;
  std::uint64_t expected_revision;
};

int Call(int command, void* attr, std::size_t size) {
  long result = syscall(SYS_bpf, command, attr, size);
  return result < 0 ? -errno : static_cast<int>(result);
}

template <typename Info>
int GetInfo(const Fd& object, Info& info) {
  std::uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(object.get(), &info, &size) < 0 ? -errno : 0;
}

}  // namespace

Fd OpenPin(const std::string& path, bool read_only) {
  LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = read_only ? std::uint32_t{BPF_F_RDONLY} : 0U);
  return Fd(bpf_obj_get_opts(path.c_str(), &opts));
}

int Pin(const Fd& object, const std::string& path) { return bpf_obj_pin(object.get(), path.c_str()) < 0 ? -errno : 0; }

int LinkInfo(const Fd& link, LinkState& state) {
  TcxLinkInfo info{};
  if (int error = GetInfo(link, info); error < 0) return error;
  state = {.id = info.id,
           .program_id = info.prog_id,
           .ifindex = info.ifindex,
           .hook = static_cast<Hook>(info.attach_type),
           .is_tcx = info.type == kLinkTypeTcx};
  return 0;
}

int MapId(const Fd& map, std::uint32_t& id) {
  bpf_map_info info{};
  int error = GetInfo(map, info);
  id = info.id;
  return error;
}

int MapValueSize(const Fd& map, std::uint32_t& size) {
  bpf_map_info info{};
  int error = GetInfo(map, info);
  size = info.value_size;
  return error;
}

int ProgramId(const Fd& program, std::uint32_t& id) {
  bpf_prog_info info{};
  int error = GetInfo(program, info);
  id = info.id;
  return error;
}

int ProgramMapIds(const Fd& program, std::vector<std::uint32_t>& ids) {
  ids.assign(64, 0);
  bpf_prog_info info{};
  info.nr_map_ids = ids.size();
  info.map_ids = reinterpret_cast<std::uint64_t>(ids.data());
  int error = GetInfo(program, info);
  ids.resize(error < 0 ? 0 : std::min<std::size_t>(ids.size(), info.nr_map_ids));
  return error;
}

Fd AttachFirst(const Fd& program, std::uint32_t ifindex, Hook hook) {
  LinkCreateAttr attr{};
  attr.prog_fd = static_cast<std::uint32_t>(program.get());
  attr.target_ifindex = ifindex;
  attr.attach_type = static_cast<std::uint32_t>(hook);
  attr.flags = kFlagBefore;
  int fd = Call(BPF_LINK_CREATE, &attr, sizeof(attr));
  if (fd < 0) errno = -fd;
  return Fd(fd < 0 ? -1 : fd);
}

int Swap(const Fd& link, const Fd& program) {
  return bpf_link_update(link.get(), program.get(), nullptr) < 0 ? -errno : 0;
}

int QueryHook(std::uint32_t ifindex, Hook hook, std::vector<std::uint32_t>& link_ids) {
  std::array<std::uint32_t, kMaxPrograms> programs{};
  std::array<std::uint32_t, kMaxPrograms> links{};
  QueryAttr attr{};
  attr.target_ifindex = ifindex;
  attr.attach_type = static_cast<std::uint32_t>(hook);
  attr.prog_ids = reinterpret_cast<std::uint64_t>(programs.data());
  attr.link_ids = reinterpret_cast<std::uint64_t>(links.data());
  attr.count = kMaxPrograms;
  link_ids.clear();
  int error = Call(BPF_PROG_QUERY, &attr, sizeof(attr));
  if (error == -ENOENT) return 0;  // no program was ever attached there
  if (error < 0) return error;
  link_ids.assign(links.begin(), links.begin() + std::min<std::size_t>(attr.count, kMaxPrograms));
  return 0;
}

}  // namespace podmirror::dataplane
