// The characters of a YAML stream, before any syntax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "operator/decode/node.h"

namespace podmirror::decode {

class Text {
 public:
  // Refuses what is too long, not UTF-8, or holds control characters (the parser takes U+0004 for the end of the
  // file and NUL for UTF-16). A byte order mark at the beginning is dropped. `text` must outlive the result.
  static Result<Text> Check(std::string_view text);

  std::string_view bytes() const { return bytes_; }
  std::string_view Line(std::size_t index) const;  // 0-based; without its end

  // From a 0-based line and a column in bytes to a Position, whose column counts characters.
  Position At(int line, int column) const;

 private:
  std::string_view bytes_;
  std::vector<std::size_t> line_starts_;
  std::vector<std::uint32_t> continuation_bytes_before_;  // by byte; empty where all is ASCII
};

}  // namespace podmirror::decode
