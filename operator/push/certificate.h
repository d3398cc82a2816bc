// Certificates and their keys (ECDSA P-256): made, read and compared. Nothing here looks at a clock.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/names.h"
#include "contract/result.h"

namespace podmirror::push {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

struct Pair {
  Certificate certificate;
  Key key;
};

// Clocks differ: what is made at an instant is valid from so long before.
inline constexpr std::chrono::minutes kSkew{60};

// nullopt: some of it is no PEM of ours, or the key is not the certificate's.
std::optional<Pair> ReadPair(const std::string& certificate, const std::string& key);
std::vector<Certificate> ReadAll(const std::string& pem);  // up to the first that cannot be read

std::string Write(const Certificate& certificate);
Result<std::string> Write(const Key& key);  // PKCS#8

Result<Pair> MakeAuthority(Instant now, Instant until);
Result<Pair> MakeLeaf(const Pair& authority, const std::vector<std::string>& dns_names, Instant now, Instant until);

Instant Made(const Certificate& certificate);   // to the second above
Instant Until(const Certificate& certificate);  // to the second below
bool IsAuthority(const Certificate& certificate);
bool IsSignedBy(const Certificate& certificate, const Certificate& authority);
std::vector<std::string> DnsNames(const Certificate& certificate);
bool Equal(const Certificate& left, const Certificate& right);

}  // namespace podmirror::push
