// The operator's certificates as they lie in a Secret and a ConfigMap. Pure.
#pragma once

#include <string>
#include <string_view>

#include "contract/result.h"
#include "operator/push/authority.h"

namespace podmirror::app {

std::string EncodeBase64(std::string_view bytes);
Result<std::string> DecodeBase64(std::string_view text);

// What two objects (JSON, as the API server shows them) hold. Keys that are absent or unreadable are empty: Renew()
// makes them anew.
Result<push::Certificates> ReadStored(const std::string& secret, const std::string& config_map);

// The same objects with these certificates, to be written back: their metadata, with the resourceVersion, is kept.
std::string WithCertificates(const std::string& secret, const push::Certificates& certificates);
std::string WithBundle(const std::string& config_map, const push::Certificates& certificates);

}  // namespace podmirror::app
