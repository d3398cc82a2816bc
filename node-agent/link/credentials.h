// What a dial needs from files and flags. Read anew each time: they rotate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "contract/result.h"

namespace podmirror::link {

struct Address {
  std::string host;  // an address without brackets, or a name
  std::string port;

  bool operator==(const Address&) const = default;
};

// "10.96.12.7:9443", "[fd00::7]:9443", "operator.example:9443".
Result<Address> ParseAddress(std::string_view text);

inline constexpr std::size_t kMaxTokenBytes = 6 << 10;  // the server takes headers of 8 KiB

// One line of printable characters: it becomes a header.
Result<std::string> ReadToken(const std::string& path);

}  // namespace podmirror::link
