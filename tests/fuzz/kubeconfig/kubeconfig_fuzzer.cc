// Any bytes as a kubeconfig: a configuration that can be used, or an Error that says something.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "operator/kube/config.h"
#include "operator/kube/http_url.h"

namespace {

void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken promise: " << promise << "\n";
  std::abort();
}

void RequireAbsolute(const podmirror::kube::Material& material) {
  Require(material.file.empty() || material.file.starts_with('/'), "paths are absolute");
  Require(material.file.empty() || material.inline_bytes.empty(), "either bytes or a file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror::kube;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string context : {"", "dev"}) {
    const auto config = DecodeKubeconfig(text, "/etc/kube", context);
    if (!config) {
      Require(!config.error().what.empty(), "an error says what is wrong");
      continue;
    }
    const auto url = ParseServerUrl(config->server);
    Require(url.has_value(), "the server is a URL");
    Require(!url->tls || config->insecure_skip_tls_verify != !config->certificate_authority.empty(),
            "https has an authority or is insecure, never both");
    Require(config->client_certificate.empty() == config->client_key.empty(), "a certificate has a key");
    for (const auto* material :
         {&config->certificate_authority, &config->client_certificate, &config->client_key, &config->token}) {
      RequireAbsolute(*material);
    }
  }
  return 0;
}
