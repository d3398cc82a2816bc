#include "node-agent/link/credentials.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace podmirror::link {

Result<Address> ParseAddress(std::string_view text) {
  const auto wrong = [&](std::string what) {
    return Fail("\"" + std::string(text) + "\" " + std::move(what), "",
                "write an address and a port, such as 10.96.12.7:9443 or [fd00::7]:9443");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong("has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return wrong("has no valid port");
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    return wrong("has an IPv6 address without brackets");
  }
  const bool plain = std::ranges::all_of(
      host, [](char c) { return c > 0x20 && c < 0x7f && std::string_view("/@[]").find(c) == std::string_view::npos; });
  if (host.empty() || !plain) return wrong("names no host");
  return Address{std::string(host), std::to_string(port)};
}

Result<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Fail(std::strerror(errno), path, "mount the ServiceAccount token there, or name another --token-file");
  std::string token(kMaxTokenBytes + 1, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(file.gcount()));
  if (token.size() > kMaxTokenBytes) return Fail("is too long for a token", path);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.empty()) return Fail("is empty", path, "mount the ServiceAccount token there");
  if (!std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; })) {
    return Fail("holds characters that no token has", path);
  }
  return token;
}

}  // namespace podmirror::link
