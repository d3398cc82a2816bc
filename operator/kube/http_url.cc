#include "operator/kube/http_url.h"

#include <algorithm>
#include <charconv>

#include "contract/ip.h"

namespace podmirror::kube {
namespace {

constexpr std::string_view kFix = "write https://host:port, with an IPv6 address in brackets: https://[fd00::1]:6443";

std::unexpected<Error> Refuse(std::string_view text, const std::string& why) {
  return Fail("the server " + std::string(text.substr(0, 200)) + " is no URL of an API server: " + why, "",
              std::string(kFix));
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// unreserved, "%", sub-delims, ":", "@" and "/" of RFC 3986
bool IsPathCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~%!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

// Takes the host off the front of "host:port" and leaves ":port".
Result<std::string_view> TakeHost(std::string_view text, std::string_view& authority) {
  if (!authority.starts_with('[')) {
    const auto host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(host.size());
    if (authority.find(':', 1) != std::string_view::npos) return Refuse(text, "an IPv6 address stands in brackets");
    return host;
  }
  const auto end = authority.find(']');
  if (end == std::string_view::npos) return Refuse(text, "a bracket is not closed");
  const auto host = authority.substr(1, end - 1);
  authority.remove_prefix(end + 1);
  const auto address = IpAddress::Parse(host);
  if (!address || address->is_v4()) return Refuse(text, "only an IPv6 address without a zone stands in brackets");
  return host;
}

Result<std::uint16_t> ReadPort(std::string_view text, std::string_view rest, std::uint16_t otherwise) {
  if (rest.empty()) return otherwise;
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
  if (rest[0] != ':' || fault != std::errc() || end != rest.data() + rest.size() || port == 0) {
    return Refuse(text, "the port is a number from 1 to 65535");
  }
  return port;
}

}  // namespace

std::string ServerUrl::Authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

Result<ServerUrl> ParseServerUrl(std::string_view text) {
  ServerUrl url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    url.tls = false;
  } else {
    return Refuse(text, "it does not begin with https://");
  }
  auto authority = rest.substr(0, rest.find('/'));
  auto path = rest.substr(authority.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!std::ranges::all_of(path, IsPathCharacter)) return Refuse(text, "its path has a character that it cannot have");
  url.base_path = path;

  const auto host = TakeHost(text, authority);
  if (!host) return std::unexpected(host.error());
  url.host = *host;
  std::ranges::transform(url.host, url.host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  url.is_address = IpAddress::Parse(url.host).has_value();
  if (!url.is_address && (url.host.empty() || !std::ranges::all_of(url.host, IsHostCharacter))) {
    return Refuse(text, "it has no host");
  }
  const auto port = ReadPort(text, authority, url.tls ? 443 : 80);
  if (!port) return std::unexpected(port.error());
  url.port = *port;
  return url;
}

}  // namespace podmirror::kube
