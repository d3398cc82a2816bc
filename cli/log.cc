#include "cli/log.h"

#include <unistd.h>

#include <array>

namespace podmirror::cli {
namespace {

std::string_view Word(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

// One write() a line, so that lines of several processes on one terminal do not mix. Nobody to read it: no harm.
void WriteLine(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

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

void Say(Level level, std::string_view text) { WriteLine(std::string(Word(level)) + ": " + OneLine(text)); }

void Say(const Error& error) { Say(Level::kError, Describe(error)); }

void SayPlain(std::string_view line) { WriteLine(std::string(line)); }

}  // namespace podmirror::cli
