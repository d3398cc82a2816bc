#include "operator/decode/text.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "contract/limits.h"
#include "operator/decode/builder.h"

namespace podmirror::decode {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // 0: not UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
Character ReadCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t size = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < size) return {};
  std::uint32_t code = byte(0) & (0x7F >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const std::uint32_t lowest = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  if (code < lowest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

// YAML 1.2 section 5.1, c-printable.
bool IsPrintable(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code != 0x7F && (code < 0x80 || code > 0x9F || code == 0x85) && code != 0xFFFE && code != 0xFFFF;
}

std::string Hex(const char* format, std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

Result<Text> Text::Check(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Fail("has " + std::to_string(text.size()) + " bytes, more than " + std::to_string(kMaxDocumentBytes), "",
                "split it into several files");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Text checked;
  checked.bytes_ = text;
  checked.line_starts_.push_back(0);
  if (std::any_of(text.begin(), text.end(), IsContinuation)) {
    std::vector<std::uint32_t>& before = checked.continuation_bytes_before_;
    before.reserve(text.size() + 1);
    before.push_back(0);
    for (const char c : text) before.push_back(before.back() + IsContinuation(c));
  }
  for (std::size_t i = 0; i < text.size();) {
    const Character character = ReadCharacter(text.substr(i));
    const auto where = [&] {
      const int line = static_cast<int>(checked.line_starts_.size()) - 1;
      return ToString(checked.At(line, static_cast<int>(i - checked.line_starts_.back())));
    };
    if (character.size == 0) {
      return Fail("the byte " + Hex("0x%02x", static_cast<unsigned char>(text[i])) + " is not UTF-8", where(),
                  "save the file as UTF-8");
    }
    if (character.code == 0xFEFF) {
      return Fail("a byte order mark inside the text", where(), "remove it");
    }
    const bool lone_return = character.code == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (!IsPrintable(character.code) || lone_return) {
      return Fail("the control character " + Hex("U+%04X", character.code) + " may not stand here", where(),
                  "remove it, or write an escape in double quotes");
    }
    i += character.size;
    if (character.code == '\n') checked.line_starts_.push_back(i);
  }
  return checked;
}

std::string_view Text::Line(std::size_t index) const {
  if (index >= line_starts_.size()) return {};
  const std::size_t start = line_starts_[index];
  const std::size_t end = bytes_.find('\n', start);
  std::string_view line = bytes_.substr(start, end == std::string_view::npos ? end : end - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Position Text::At(int line, int column) const {
  if (line < 0 || column < 0) return {};
  Position position{line + 1, column + 1};
  const std::size_t index = static_cast<std::size_t>(line);
  if (!continuation_bytes_before_.empty() && index < line_starts_.size()) {
    const std::size_t start = line_starts_[index];
    const std::size_t end = std::min(start + static_cast<std::size_t>(column), bytes_.size());
    position.column -= static_cast<int>(continuation_bytes_before_[end] - continuation_bytes_before_[start]);
  }
  return position;
}

}  // namespace podmirror::decode
