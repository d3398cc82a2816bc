#include "tests/net/link/authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace podmirror::testing {
namespace {

void Must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refuses");
}

template <typename Write>
std::string ToPem(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  Must(write(bio) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string ToPem(X509* certificate) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

X509* Blank(EVP_PKEY* key, const char* name, long seconds) {
  X509* certificate = X509_new();
  std::uint64_t serial = 0;
  Must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return certificate;
}

void Extend(X509* certificate, int what, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
  Must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

// Each has a name of its own: a signer is found by its name.
TestAuthority::TestAuthority()
    : key_(EVP_EC_gen("P-256")),
      certificate_(Blank(key_, ("authority " + std::to_string(reinterpret_cast<std::uintptr_t>(key_))).c_str(), 7200)) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  Extend(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate_, NID_key_usage, "critical,keyCertSign");
  Must(X509_sign(certificate_, key_, EVP_sha256()) > 0);
}

TestAuthority::~TestAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string TestAuthority::certificate() const { return ToPem(certificate_); }

Pem TestAuthority::Sign(const std::string& name, long seconds) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = Blank(key, "server", seconds);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate_));
  Extend(certificate, NID_subject_alt_name, name.starts_with("IP:") ? name : "DNS:" + name);
  Must(X509_sign(certificate, key_, EVP_sha256()) > 0);
  const Pem pem{ToPem(certificate), ToPem([&](BIO* bio) {
                  return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
                })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

}  // namespace podmirror::testing
