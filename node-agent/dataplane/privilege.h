// Can this process do its work here? Looks and changes nothing.
#pragma once

#include <string>

#include "contract/result.h"

namespace podmirror::dataplane {

// BPF, NET_ADMIN and PERFMON are in the effective set.
Result<void> CheckCapabilities();
// `bpffs` is a mounted BPF file system: pins elsewhere would vanish or fail.
Result<void> CheckBpffs(const std::string& bpffs);
// tcx is there (6.6), and the kernel is not PREEMPT_RT (the scratch relies on bottom halves being off).
Result<void> CheckKernel();

}  // namespace podmirror::dataplane
