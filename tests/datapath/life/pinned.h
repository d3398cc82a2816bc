// What the kernel holds for us, by its own ids: an object that is made anew has another.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace podmirror::testing {

// Of everything pinned under /sys/fs/bpf, by path: inode and kernel id (of a link also its program's).
std::map<std::string, std::string> PinnedObjects();

// From here on nobody but programs can write into a pinned map, whoever he is; for good (BPF_MAP_FREEZE).
void FreezePinnedMaps();

// The program that runs in a pinned link, and the link, by their ids; 0: there is none.
struct PinnedLink {
  std::uint32_t id = 0;
  std::uint32_t program = 0;
};
PinnedLink ReadPinnedLink(const std::string& name);  // as under links/: "7-egress", "encap"

}  // namespace podmirror::testing
