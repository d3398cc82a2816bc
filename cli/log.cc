#include "cli/log.h"

#include "process/line.h"

namespace podmirror::cli {

std::string OneLine(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      line += c;
    } else {
      line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return line;
}

void Say(Level level, std::string_view text) {
  process::WriteLine(std::string(process::WordOf(level)) + ": " + OneLine(text));
}

void Say(const Error& error) { Say(Level::kError, Describe(error)); }

void SayPlain(std::string_view line) { process::WriteLine(std::string(line)); }

}  // namespace podmirror::cli
