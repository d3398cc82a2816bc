#include "operator/kube/http_material.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace podmirror::kube {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

Result<std::string> ReadMaterial(const Material& material, const char* what) {
  if (!material.inline_bytes.empty() || material.file.empty()) return material.inline_bytes;
  std::ifstream file(material.file, std::ios::binary);
  std::string bytes(kMaxFileBytes + 1, '\0');
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.is_open() || file.bad()) {
    return Fail(std::string("the file of the ") + what + " cannot be read", material.file,
                "check that it exists and that this process may read it");
  }
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.empty() || bytes.size() > kMaxFileBytes) {
    return Fail(std::string("the file of the ") + what + (bytes.empty() ? " is empty" : " has more than 1 MiB"),
                material.file, "put the right file there");
  }
  return bytes;
}

// RFC 6750: a token is visible ASCII; anything else in a header could end it and begin another.
Result<std::string> CheckToken(std::string token, const Material& material) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!token.empty() && is_space(token.back())) token.pop_back();
  token.erase(token.begin(), std::ranges::find_if_not(token, is_space));
  if (std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; })) return token;
  return Fail("the token has characters that no token has", material.file, "put the token there, and nothing else");
}

}  // namespace

CredentialSource::CredentialSource(ClusterConfig config, Clock now)
    : config_(std::move(config)), now_(std::move(now)) {}

Result<std::shared_ptr<const Credentials>> CredentialSource::Current() {
  const std::lock_guard lock(mutex_);
  if (known_ && now_() - read_at_ <= kTrusted) return known_;
  return Read();
}

Result<std::shared_ptr<const Credentials>> CredentialSource::Reread() {
  const std::lock_guard lock(mutex_);
  return Read();
}

Result<std::shared_ptr<const Credentials>> CredentialSource::Read() {
  auto authority = ReadMaterial(config_.certificate_authority, "certificate authority");
  auto certificate = ReadMaterial(config_.client_certificate, "client certificate");
  auto key = ReadMaterial(config_.client_key, "client key");
  auto token = ReadMaterial(config_.token, "token");
  if (token) token = CheckToken(std::move(*token), config_.token);
  read_at_ = now_();
  for (const auto* bytes : {&authority, &certificate, &key, &token}) {
    if (*bytes) continue;
    if (known_) return known_;
    return std::unexpected(bytes->error());
  }
  Credentials fresh{std::move(*authority), std::move(*certificate), std::move(*key), std::move(*token)};
  if (!known_ || *known_ != fresh) known_ = std::make_shared<const Credentials>(std::move(fresh));
  return known_;
}

}  // namespace podmirror::kube
