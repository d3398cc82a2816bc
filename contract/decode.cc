#include "contract/decode.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace podmirror::json {
namespace {

constexpr std::size_t kMaxNamespace = 63;  // RFC 1123 label
constexpr std::size_t kMaxName = 253;      // RFC 1123 subdomain
constexpr std::size_t kMaxSocket = 54;     // "[", 45 bytes of IPv6, "]:65535"
constexpr std::size_t kMaxInstant = 64;

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsName(std::string_view name, std::size_t most, std::string_view marks) {
  return !name.empty() && name.size() <= most && IsLowerAlnum(name.front()) && IsLowerAlnum(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return IsLowerAlnum(c) || marks.find(c) != marks.npos; });
}

bool IsNamespace(std::string_view name) { return IsName(name, kMaxNamespace, "-"); }
bool IsObject(std::string_view name) { return IsName(name, kMaxName, "-."); }

// `text` as we would write it.
template <typename T>
T Canonical(const Value& value, const std::string& text, const Result<T>& parsed, const std::string& written) {
  if (parsed.has_value() && written != text) value.Blame(Quote(text) + " is not as we write it", "write " + written);
  return value.Parsed(parsed);
}

Result<SocketAddress> ParseSocket(std::string_view text) {
  const auto wrong = [&] { return Fail(Quote(text) + " is not an address and a port", "", "write 192.0.2.10:4789"); };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  SocketAddress socket;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), socket.port);
  if (error != std::errc() || end != digits.data() + digits.size() || socket.port == 0) return wrong();
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  Result<IpAddress> ip = IpAddress::Parse(host);
  if (!ip.has_value()) return std::unexpected(ip.error());
  socket.ip = *ip;
  return socket;
}

}  // namespace

ObjectKey ReadNamed(Fields& fields) {
  ObjectKey key;
  key.ns = fields.Get("namespace", [](const Value& value) {
    std::string text = value.Text(kMaxNamespace);
    if (!IsNamespace(text)) value.Blame(Quote(text) + " is not a namespace's name");
    return text;
  });
  key.name = fields.Get("name", [](const Value& value) {
    std::string text = value.Text(kMaxName);
    if (!IsObject(text)) value.Blame(Quote(text) + " is not an object's name");
    return text;
  });
  return key;
}

ObjectKey ReadReference(const Value& value) {
  const std::string text = value.Text(kMaxNamespace + 1 + kMaxName);
  const std::size_t slash = std::min(text.find('/'), text.size());
  ObjectKey key{text.substr(0, slash), slash < text.size() ? text.substr(slash + 1) : ""};
  if (!IsNamespace(key.ns) || !IsObject(key.name)) value.Blame(Quote(text) + " is not namespace/name");
  return key;
}

IpAddress ReadIp(const Value& value) {
  const std::string text = value.Text(kMaxSocket);
  const Result<IpAddress> ip = IpAddress::Parse(text);
  return Canonical(value, text, ip, ip.has_value() ? ip->ToString() : "");
}

SocketAddress ReadSocket(const Value& value) {
  const std::string text = value.Text(kMaxSocket);
  const Result<SocketAddress> socket = ParseSocket(text);
  return Canonical(value, text, socket, socket.has_value() ? socket->ToString() : "");
}

Instant ReadInstant(const Value& value) {
  const std::string text = value.Text(kMaxInstant);
  const Result<Instant> instant = ParseInstant(text);
  return Canonical(value, text, instant, instant.has_value() ? FormatInstant(*instant) : "");
}

Revision ReadRevision(const Value& value) {
  Fields fields(value);
  Revision revision;
  revision.epoch.lease_created = fields.Get("leaseCreated", ReadInstant);
  revision.epoch.lease_transitions = fields.Get(
      "leaseTransitions", [](const Value& v) { return v.Number(0, std::numeric_limits<std::int64_t>::max()); });
  revision.number = fields.Get("number", [](const Value& v) { return v.Unsigned(); });
  return revision;
}

void CheckVersion(Fields& fields) {
  fields.Get("version", [](const Value& value) {
    const std::int64_t version = value.Number(1, std::numeric_limits<std::int64_t>::max());
    if (version != kMessageVersion) {
      value.Blame("is " + std::to_string(version) + ", and only " + std::to_string(kMessageVersion) + " is understood",
                  "let operator and agent be of the same version");
    }
    return version;
  });
}

}  // namespace podmirror::json
