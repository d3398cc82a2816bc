#include "node-agent/dataplane/privilege.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <array>
#include <fstream>

#include "node-agent/dataplane/fd.h"
#include "node-agent/dataplane/kernel.h"

namespace podmirror::dataplane {
namespace {

struct Needed {
  int capability;
  const char* name;
  bool in_sys_admin;  // the kernel takes CAP_SYS_ADMIN for it as well
};

constexpr std::array kNeeded = {Needed{CAP_BPF, "CAP_BPF", true}, Needed{CAP_NET_ADMIN, "CAP_NET_ADMIN", false},
                                Needed{CAP_PERFMON, "CAP_PERFMON", true}};

constexpr std::uint32_t kLoopback = 1;  // ifindex of lo in every network namespace

bool Has(const __user_cap_data_struct (&data)[2], int capability) {
  return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

}  // namespace

Result<void> CheckCapabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) < 0) return FailErrno("capabilities cannot be read", "capget");
  std::string missing;
  for (const Needed& needed : kNeeded) {
    if (Has(data, needed.capability) || (needed.in_sys_admin && Has(data, CAP_SYS_ADMIN))) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(needed.name);
  }
  if (missing.empty()) return {};
  return Fail("missing privilege: " + missing, "this process",
              "run as root, or give the binary its capabilities: setcap cap_bpf,cap_net_admin,cap_perfmon+ep FILE");
}

Result<void> CheckBpffs(const std::string& bpffs) {
  struct statfs state{};
  const std::string fix = "mount it: mount -t bpf bpf " + bpffs;
  if (statfs(bpffs.c_str(), &state) < 0) return FailErrno("no BPF file system", bpffs, errno, fix);
  if (static_cast<std::uint32_t>(state.f_type) != BPF_FS_MAGIC) return Fail("is not a BPF file system", bpffs, fix);
  return {};
}

Result<void> CheckKernel() {
  utsname name{};
  uname(&name);
  const std::string release = std::string("Linux ") + name.release;
  std::ifstream realtime("/sys/kernel/realtime");
  int is_realtime = 0;
  realtime >> is_realtime;
  const std::string_view version = name.version;
  if (is_realtime != 0 || version.find("PREEMPT_RT") != version.npos || version.find("PREEMPT RT") != version.npos) {
    return Fail("is a PREEMPT_RT kernel, on which a copy could be mistaken for another", release,
                "run on a kernel without PREEMPT_RT");
  }
  std::vector<std::uint32_t> links;
  int error = QueryHook(kLoopback, Hook::kTcxIngress, links);
  if (error == -EINVAL) return Fail("has no tcx hooks", release, "run on Linux 6.6 or newer");
  if (error < 0) {
    return FailErrno("tcx hooks cannot be queried", release, -error,
                     error == -EPERM ? "run in the host's user namespace as root" : "");
  }
  return {};
}

}  // namespace podmirror::dataplane
