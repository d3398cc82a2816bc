#include "process/log.h"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>
#include <type_traits>

#include "contract/names.h"
#include "process/line.h"

namespace podmirror::process {
namespace {

std::atomic<Level> least_level{Level::kInfo};
std::mutex component_mutex;
std::string component_name;  // guarded by component_mutex

// Bytes of the UTF-8 sequence at the front of `text` (RFC 3629: no overlong form, no surrogate); 0: not UTF-8.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

// Texts come from hostile peers too: what is no UTF-8 becomes U+FFFD, control bytes are escaped, so a line stays a
// line.
void AppendText(std::string& line, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  line += '"';
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const char c = text.front();
    if (length == 0) {
      line += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      line += {'\\', c};
    } else if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f) {
      line += "\\u00";
      line += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  line += '"';
}

template <typename Number>
void AppendNumber(std::string& line, Number value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  line.append(digits.data(), end);
}

template <typename Value>
void AppendValue(std::string& line, const Value& value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    AppendText(line, value);
  } else if constexpr (std::is_same_v<Value, bool>) {
    line += value ? "true" : "false";
  } else if constexpr (std::is_same_v<Value, double>) {
    if (std::isfinite(value)) {
      AppendNumber(line, value);
    } else {
      line += "null";  // JSON has no other word for it
    }
  } else {
    AppendNumber(line, value);
  }
}

void AppendField(std::string& line, const Field& field) {
  line += ',';
  AppendText(line, field.key);
  line += ':';
  std::visit([&line](const auto& value) { AppendValue(line, value); }, field.value);
}

std::string Head(Level level, std::string_view message) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string line = R"({"time":)";
  AppendText(line, FormatInstant(now));
  AppendField(line, {"level", std::string(WordOf(level))});
  AppendField(line, {"message", std::string(message)});
  const std::lock_guard lock(component_mutex);
  if (!component_name.empty()) AppendField(line, {"component", component_name});
  return line;
}

}  // namespace

std::string_view WordOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

Result<Level> ParseLevel(std::string_view text) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (text == WordOf(level)) return level;
  }
  return Fail("\"" + std::string(text) + "\" is no log level", "", "write debug, info, warning or error");
}

void StartLog(std::string_view component, Level least) {
  least_level = least;
  const std::lock_guard lock(component_mutex);
  component_name = component;
}

void Log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < least_level) return;
  std::string line = Head(level, message);
  for (const Field& field : fields) AppendField(line, field);
  WriteLine(std::move(line) + "}");
}

void Log(Level level, std::string_view message, const Error& error, std::initializer_list<Field> fields) {
  if (level < least_level) return;
  std::string line = Head(level, message);
  for (const Field& field : fields) AppendField(line, field);
  AppendField(line, {"error", error.what});
  if (!error.where.empty()) AppendField(line, {"where", error.where});
  if (!error.fix.empty()) AppendField(line, {"fix", error.fix});
  WriteLine(std::move(line) + "}");
}

}  // namespace podmirror::process
