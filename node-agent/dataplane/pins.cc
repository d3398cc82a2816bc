#include "node-agent/dataplane/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "node-agent/dataplane/kernel.h"

namespace podmirror::dataplane {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr std::string_view kUplinkPrefix = "uplink-";

std::string_view DirectionName(pm_direction direction) { return direction == PM_INGRESS ? "ingress" : "egress"; }

Result<Fd> OpenOuter(const Pins& pins, const InnerKind& kind, bool read_only) {
  Fd outer = OpenPin(pins.Map(kind.outer), read_only);
  if (!outer) return FailErrno("map cannot be opened", pins.Map(kind.outer));
  return outer;
}

// 0: none
std::uint32_t InnerId(const Fd& outer, std::uint32_t key) {
  std::uint32_t id = 0;
  return bpf_map_lookup_elem(outer.get(), &key, &id) < 0 ? 0 : id;
}

// The pin under either name whose map has that id.
Fd OpenById(const std::string& path, std::uint32_t wanted) {
  for (const std::string& name : {path, path + std::string(kNew)}) {
    Fd map = OpenPin(name, true);
    std::uint32_t id = 0;
    if (map && MapId(map, id) == 0 && id == wanted) return map;
  }
  return Fd();
}

}  // namespace

Pins::Pins(const std::string& bpffs)
    : family_(bpffs + "/podmirror"), root_(family_ + "/v" + std::to_string(PM_ABI_VERSION)) {}

std::string Pins::Program(std::string_view name, std::string_view hash) const {
  return root_ + "/programs/" + std::string(name) + "-" + std::string(hash);
}

std::string Pins::Link(std::uint32_t ifindex, pm_direction direction) const {
  return root_ + "/links/" + HookName(ifindex, direction);
}

std::string Pins::UplinkLink(std::uint32_t ifindex) const {
  return root_ + "/links/" + std::string(kUplinkPrefix) + std::to_string(ifindex);
}

Result<void> Pins::MakeFolders() const {
  std::vector<std::string> folders = {family_, root_};
  for (const char* name : kFolders) folders.push_back(Folder(name));
  for (const std::string& folder : folders) {
    if (mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) continue;
    return FailErrno("folder cannot be made", folder, errno,
                     errno == EACCES ? "make " + folder + " writable for this user" : "");
  }
  return {};
}

std::string HookName(std::uint32_t index, pm_direction direction) {
  return std::to_string(index) + "-" + std::string(DirectionName(direction));
}

std::optional<std::uint32_t> ParseNumber(std::string_view name) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return value;
}

std::optional<std::pair<std::uint32_t, pm_direction>> ParseHookName(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == name.npos) return std::nullopt;
  auto index = ParseNumber(name.substr(0, dash));
  if (!index) return std::nullopt;
  for (pm_direction direction : {PM_INGRESS, PM_EGRESS}) {
    if (name.substr(dash + 1) == DirectionName(direction)) return std::pair(*index, direction);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> ParseUplinkName(std::string_view name) {
  return name.starts_with(kUplinkPrefix) ? ParseNumber(name.substr(kUplinkPrefix.size())) : std::nullopt;
}

std::vector<std::string> List(const std::string& folder) {
  std::vector<std::string> names;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

int Unlink(const std::string& path) { return unlink(path.c_str()) < 0 && errno != ENOENT ? -errno : 0; }

Result<void> PutInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name,
                      const void* value) {
  auto outer = OpenOuter(pins, kind, false);
  if (!outer) return std::unexpected(outer.error());
  const std::string path = pins.Folder(kind.folder) + "/" + name;
  const std::string fresh = path + std::string(kNew);
  Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, sizeof(std::uint32_t), kind.value_size, 1, nullptr));
  if (!inner) return FailErrno("map cannot be created", path);
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(inner.get(), &zero, value, BPF_ANY) < 0) return FailErrno("map cannot be filled", path);
  // A crash has left this name: if the outer map holds it, it is the current one and gets its name first.
  if (OpenById(fresh, InnerId(*outer, key))) rename(fresh.c_str(), path.c_str());
  Unlink(fresh);
  if (int error = Pin(inner, fresh); error < 0) return FailErrno("map cannot be pinned", fresh, -error);
  const int fd = inner.get();
  if (bpf_map_update_elem(outer->get(), &key, &fd, BPF_ANY) < 0) {
    const int error = errno;
    Unlink(fresh);
    return FailErrno("map cannot be stored under " + std::to_string(key), pins.Map(kind.outer), error);
  }
  if (rename(fresh.c_str(), path.c_str()) < 0) return FailErrno("pin cannot be renamed", fresh);
  return {};
}

Result<void> RemoveInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name) {
  auto outer = OpenOuter(pins, kind, false);
  if (!outer) return std::unexpected(outer.error());
  if (bpf_map_delete_elem(outer->get(), &key) < 0 && errno != ENOENT) {
    return FailErrno("map cannot be taken out from " + std::to_string(key), pins.Map(kind.outer));
  }
  const std::string path = pins.Folder(kind.folder) + "/" + name;
  for (const std::string& pin : {path, path + std::string(kNew)}) {
    if (int error = Unlink(pin); error < 0) return FailErrno("pin cannot be removed", pin, -error);
  }
  return {};
}

Result<bool> ReadInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name,
                       void* value) {
  auto outer = OpenOuter(pins, kind, true);
  if (!outer) return std::unexpected(outer.error());
  const std::uint32_t id = InnerId(*outer, key);
  if (id == 0) return false;
  const Fd inner = OpenById(pins.Folder(kind.folder) + "/" + name, id);
  std::uint32_t size = 0;
  if (!inner || MapValueSize(inner, size) < 0 || size != kind.value_size) return false;
  const std::uint32_t zero = 0;
  return bpf_map_lookup_elem(inner.get(), &zero, value) == 0;
}

}  // namespace podmirror::dataplane
