#include "node-agent/dataplane/maps.h"

namespace podmirror::dataplane {

Result<void> WriteElement(const Pins& pins, const char* name, const void* key, const void* value) {
  const Fd map = OpenPin(pins.Map(name));
  if (!map) return FailErrno("map cannot be opened", pins.Map(name));
  if (bpf_map_update_elem(map.get(), key, value, BPF_ANY) < 0) {
    return FailErrno("map cannot be written", pins.Map(name));
  }
  return {};
}

Result<void> DeleteElement(const Pins& pins, const char* name, const void* key) {
  const Fd map = OpenPin(pins.Map(name));
  if (!map) return FailErrno("map cannot be opened", pins.Map(name));
  if (bpf_map_delete_elem(map.get(), key) < 0 && errno != ENOENT) {
    return FailErrno("element cannot be removed", pins.Map(name));
  }
  return {};
}

Result<void> ReadElement(const Pins& pins, const char* name, const void* key, void* value) {
  const Fd map = OpenPin(pins.Map(name), true);
  if (!map) return FailErrno("map cannot be opened", pins.Map(name));
  if (bpf_map_lookup_elem(map.get(), key, value) < 0) return FailErrno("element cannot be read", pins.Map(name));
  return {};
}

}  // namespace podmirror::dataplane
