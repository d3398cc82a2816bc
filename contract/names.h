// How objects, nodes and moments are named.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "contract/result.h"

namespace podmirror {

// A namespaced Kubernetes object of a kind that the context knows.
struct ObjectKey {
  std::string ns;
  std::string name;

  std::string ToString() const { return ns + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};

// "namespace/name", both there and without another slash.
std::optional<ObjectKey> ParseObjectKey(std::string_view text);

using NodeName = std::string;

// A wall-clock moment, UTC.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

// RFC 3339, as Kubernetes writes times ("2026-12-01T00:00:00Z"; fractions and offsets are read too).
Result<Instant> ParseInstant(std::string_view text);
std::string FormatInstant(Instant instant);  // UTC, seconds, or milliseconds where there are any

}  // namespace podmirror
