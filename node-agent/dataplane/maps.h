// Plain maps by their pins: whole reads and single writes.
#pragma once

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "contract/result.h"
#include "node-agent/dataplane/kernel.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {

// Calls take(key, value) for each element of a hash. Elements that come or go meanwhile may be missed.
template <typename Key, typename Value>
Result<void> ForEachElement(const Pins& pins, const char* name,
                            const std::function<void(const Key&, const Value&)>& take) {
  const Fd map = OpenPin(pins.Map(name), true);
  if (!map) return FailErrno("map cannot be opened", pins.Map(name));
  Key key{};
  const Key* before = nullptr;
  Key next{};
  while (bpf_map_get_next_key(map.get(), before, &next) == 0) {
    Value value{};
    if (bpf_map_lookup_elem(map.get(), &next, &value) == 0) take(next, value);
    key = next;
    before = &key;
  }
  return {};
}

// All elements of an array.
template <typename Value>
Result<std::vector<Value>> ReadArray(const Pins& pins, const char* name, std::uint32_t size) {
  const Fd map = OpenPin(pins.Map(name), true);
  if (!map) return FailErrno("map cannot be opened", pins.Map(name));
  std::vector<std::uint32_t> keys(size);
  std::vector<Value> values(size);
  std::uint32_t position = 0;
  std::uint32_t count = size;
  // One call for all; ENOENT says that the end was reached.
  if (bpf_map_lookup_batch(map.get(), nullptr, &position, keys.data(), values.data(), &count, nullptr) < 0 &&
      errno != ENOENT) {
    return FailErrno("map cannot be read", pins.Map(name));
  }
  if (count != size) return Fail("map has another size than this version knows", pins.Map(name));
  return values;
}

Result<void> WriteElement(const Pins& pins, const char* name, const void* key, const void* value);
// Nothing there is fine.
Result<void> DeleteElement(const Pins& pins, const char* name, const void* key);
Result<void> ReadElement(const Pins& pins, const char* name, const void* key, void* value);

}  // namespace podmirror::dataplane
