#include "operator/app/stored.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace podmirror::app {
namespace {

using Json = nlohmann::json;
using push::Certificates;

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// By its key in the Secret; the bundle lies in the ConfigMap.
constexpr std::pair<const char*, std::string Certificates::*> kSecretKeys[] = {
    {"ca.crt", &Certificates::authority},           {"ca.key", &Certificates::authority_key},
    {"next-ca.crt", &Certificates::next_authority}, {"next-ca.key", &Certificates::next_authority_key},
    {"tls.crt", &Certificates::certificate},        {"tls.key", &Certificates::key},
};
constexpr const char* kBundleKey = "ca.crt";

// The text at `key` of .data; empty where there is none.
std::string DataAt(const Json& object, const char* key) {
  const auto data = object.find("data");
  if (data == object.end() || !data->is_object()) return "";
  const auto value = data->find(key);
  return value != data->end() && value->is_string() ? value->get<std::string>() : "";
}

Result<Json> ParseObject(const std::string& text, const char* what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Fail("the API server's answer is no JSON object", what);
  return json;
}

// .data of an object that has none yet is absent or null.
Json& Data(Json& object) {
  Json& data = object["data"];
  if (!data.is_object()) data = Json::object();
  return data;
}

}  // namespace

// RFC 4648 section 4, with padding.
std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

Result<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return Fail("not base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes += static_cast<char>(bits >> have & 0xff);
  }
  return bytes;
}

Result<Certificates> ReadStored(const std::string& secret, const std::string& config_map) {
  const auto secret_json = ParseObject(secret, "Secret");
  if (!secret_json) return std::unexpected(secret_json.error());
  const auto map_json = ParseObject(config_map, "ConfigMap");
  if (!map_json) return std::unexpected(map_json.error());
  Certificates certificates;
  for (const auto& [key, member] : kSecretKeys) {
    certificates.*member = DecodeBase64(DataAt(*secret_json, key)).value_or("");
  }
  certificates.bundle = DataAt(*map_json, kBundleKey);
  return certificates;
}

std::string WithCertificates(const std::string& secret, const Certificates& certificates) {
  Json json = Json::parse(secret, nullptr, false);
  Json& data = Data(json);
  for (const auto& [key, member] : kSecretKeys) {
    if ((certificates.*member).empty()) {
      data.erase(key);
    } else {
      data[key] = EncodeBase64(certificates.*member);
    }
  }
  return json.dump();
}

std::string WithBundle(const std::string& config_map, const Certificates& certificates) {
  Json json = Json::parse(config_map, nullptr, false);
  Data(json)[kBundleKey] = certificates.bundle;
  return json.dump();
}

}  // namespace podmirror::app
