// The log of a daemon: one JSON object a line on stderr, {"time","level","message",...fields}. Messages are constant
// texts, so that one can search and count them; what differs is in the fields. May be called from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "contract/result.h"

namespace podmirror::process {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

std::string_view WordOf(Level level);  // "debug", "info", "warning", "error"
Result<Level> ParseLevel(std::string_view text);

struct Field {
  std::string_view key;
  std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;
};

// Call once at the start. `component` ("operator", "agent") is a field of every line.
void StartLog(std::string_view component, Level least);

void Log(Level level, std::string_view message, std::initializer_list<Field> fields = {});
// With fields error, where and fix.
void Log(Level level, std::string_view message, const Error& error, std::initializer_list<Field> fields = {});

}  // namespace podmirror::process
