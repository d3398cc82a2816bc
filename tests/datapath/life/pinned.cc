#include "tests/datapath/life/pinned.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::testing {
namespace {

using dataplane::Fd;
using dataplane::OpenPin;

const std::string kRoot = dataplane::Pins("/sys/fs/bpf").root();

std::string KernelId(const std::filesystem::path& path) {
  const Fd object = OpenPin(path);
  const std::string folder = path.parent_path().filename();
  std::uint32_t id = 0;
  if (folder == "links") {
    dataplane::LinkState link;
    dataplane::LinkInfo(object, link);
    return "link " + std::to_string(link.id) + " program " + std::to_string(link.program_id);
  }
  if (folder == "programs") {
    dataplane::ProgramId(object, id);
    return "program " + std::to_string(id);
  }
  dataplane::MapId(object, id);
  return "map " + std::to_string(id);
}

}  // namespace

std::map<std::string, std::string> PinnedObjects() {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/sys/fs/bpf")) {
    struct stat info{};
    stat(entry.path().c_str(), &info);
    found[entry.path()] =
        "inode " + std::to_string(info.st_ino) + (entry.is_directory() ? "" : " " + KernelId(entry.path()));
  }
  return found;
}

void FreezePinnedMaps() {
  int frozen = 0;
  for (const char* folder : {"maps", "rulesets", "targets", "hooks"}) {
    for (const std::string& name : dataplane::List(kRoot + "/" + folder)) {
      const Fd map = OpenPin(kRoot + "/" + folder + "/" + name);
      EXPECT_EQ(bpf_map_freeze(map.get()), 0) << folder << "/" << name << ": " << std::strerror(errno);
      ++frozen;
    }
  }
  EXPECT_GT(frozen, 10);
}

PinnedLink ReadPinnedLink(const std::string& name) {
  dataplane::LinkState state;
  const Fd link = OpenPin(kRoot + "/links/" + name);
  if (!link || dataplane::LinkInfo(link, state) < 0) return {};
  return {.id = state.id, .program = state.program_id};
}

}  // namespace podmirror::testing
