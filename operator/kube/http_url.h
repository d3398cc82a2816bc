// Where the API server is, in parts. "https://[fd00::1]:6443/base" -> true, "fd00::1", 6443, "/base".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contract/result.h"

namespace podmirror::kube {

struct ServerUrl {
  bool tls = true;
  std::string host;         // without brackets, in lower case
  bool is_address = false;  // host is an IP literal
  std::uint16_t port = 443;
  std::string base_path;  // "" or "/x/y", without a slash at its end: of API servers behind a proxy

  // For the header Host: brackets around IPv6, no default port.
  std::string Authority() const;
  bool operator==(const ServerUrl&) const = default;
};

// http and https; refuses user names, queries, fragments and zones. Error::where is left to the caller.
Result<ServerUrl> ParseServerUrl(std::string_view text);

}  // namespace podmirror::kube
