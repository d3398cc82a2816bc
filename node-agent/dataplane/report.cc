// The last published report: a map of one element, as large as the text and a zero byte.
#include <bpf/bpf.h>

#include <cstdio>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {

Result<void> WriteReport(const std::string& bpffs, std::string_view text) {
  const Pins pins(bpffs);
  if (auto made = pins.MakeFolders(); !made) return made;
  const std::string value(text);
  const std::string fresh = pins.Report() + std::string(kNew);
  const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "pm_report", sizeof(std::uint32_t),
                              static_cast<std::uint32_t>(value.size() + 1), 1, nullptr));
  if (!map) return FailErrno("report cannot be created", pins.Report());
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(map.get(), &zero, value.c_str(), BPF_ANY) < 0) {
    return FailErrno("report cannot be written", pins.Report());
  }
  Unlink(fresh);
  if (int error = Pin(map, fresh); error < 0) return FailErrno("report cannot be pinned", fresh, -error);
  if (std::rename(fresh.c_str(), pins.Report().c_str()) < 0) return FailErrno("pin cannot be renamed", fresh);
  return {};
}

Result<std::string> ReadReport(const std::string& bpffs) {
  const Pins pins(bpffs);
  const Fd map = OpenPin(pins.Report(), true);
  if (!map) {
    return FailErrno("there is no report", pins.Report(), errno,
                     errno == ENOENT ? "start `podmirror local` first" : "");
  }
  std::uint32_t size = 0;
  if (int error = MapValueSize(map, size); error < 0) return FailErrno("report cannot be read", pins.Report(), -error);
  std::string text(size, '\0');
  const std::uint32_t zero = 0;
  if (bpf_map_lookup_elem(map.get(), &zero, text.data()) < 0) {
    return FailErrno("report cannot be read", pins.Report());
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace podmirror::dataplane
