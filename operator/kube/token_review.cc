#include "operator/kube/token_review.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

namespace podmirror::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kPath = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr std::string_view kUserPrefix = "system:serviceaccount:";

const Json& At(const Json& map, const char* key) {
  static const Json nothing;
  if (!map.is_object()) return nothing;
  const auto found = map.find(key);
  return found == map.end() ? nothing : *found;
}

std::string Text(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

// status.user.extra: each key has a list of values; ours have exactly one.
std::string ExtraOf(const Json& user, const char* key) {
  const Json& values = At(At(user, "extra"), key);
  return values.is_array() && values.size() == 1 ? Text(values.front()) : std::string();
}

// "system:serviceaccount:<namespace>:<name>"
std::optional<ObjectKey> ServiceAccountOf(std::string_view user) {
  if (!user.starts_with(kUserPrefix)) return std::nullopt;
  user.remove_prefix(kUserPrefix.size());
  const std::size_t colon = user.find(':');
  if (colon == user.npos || colon == 0 || colon + 1 == user.size() || user.find(':', colon + 1) != user.npos) {
    return std::nullopt;
  }
  return ObjectKey{std::string(user.substr(0, colon)), std::string(user.substr(colon + 1))};
}

Result<TokenOwner> ReadAnswer(const Json& answer, const std::string& audience) {
  const Json& status = At(answer, "status");
  if (At(status, "authenticated") != true) {
    const std::string why = Text(At(status, "error"));
    return Fail("the API server does not know the token" + (why.empty() ? "" : ": " + why), "token");
  }
  // An authenticator that knows no audiences leaves them out: then nobody has checked them.
  const Json& audiences = At(status, "audiences");
  if (!audiences.is_array() || std::ranges::find(audiences, Json(audience)) == audiences.end()) {
    return Fail("the token is not for the audience " + audience, "token", "mount a projected token with this audience");
  }
  const Json& user = At(status, "user");
  const std::optional<ObjectKey> account = ServiceAccountOf(Text(At(user, "username")));
  if (!account) return Fail("the token is not a ServiceAccount's", "token", "use a pod's projected token");
  return TokenOwner{*account, ExtraOf(user, "authentication.kubernetes.io/pod-name"),
                    ExtraOf(user, "authentication.kubernetes.io/pod-uid"),
                    ExtraOf(user, "authentication.kubernetes.io/node-name")};
}

int Base64UrlDigit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

// RFC 4648 section 5, without padding, as in a JWT (RFC 7515).
std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = Base64UrlDigit(c);
    if (digit < 0) return std::nullopt;
    held = (held << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xff);
  }
  if (bits == 6) return std::nullopt;
  return bytes;
}

}  // namespace

Result<TokenOwner> ReviewToken(Client& client, const std::string& token, const std::string& audience) {
  const Json question{{"apiVersion", "authentication.k8s.io/v1"},
                      {"kind", "TokenReview"},
                      {"spec", {{"token", token}, {"audiences", {audience}}}}};
  // What a peer sends as its token need not be UTF-8.
  const ApiResult<std::string> answer =
      client.Review(kPath, question.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!answer) return std::unexpected(answer.error().ToError(kPath));
  return ReadAnswer(Json::parse(*answer, nullptr, false), audience);
}

std::optional<Instant> ExpiryOf(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  const auto claims = DecodeBase64Url(std::string_view(token).substr(first + 1, second - first - 1));
  if (!claims) return std::nullopt;
  const Json json = Json::parse(*claims, nullptr, false);
  const Json& expiry = At(json, "exp");
  constexpr double kMost = 253'402'300'799;  // the end of the year 9999
  if (!expiry.is_number()) return std::nullopt;
  const auto seconds = expiry.get<double>();  // RFC 7519: NumericDate may have a fraction
  if (seconds < 0 || seconds > kMost) return std::nullopt;
  return Instant(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

}  // namespace podmirror::kube
