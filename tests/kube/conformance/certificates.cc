#include "tests/kube/conformance/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace podmirror::kube::conformance {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void Require(bool well) {
  if (!well) throw std::runtime_error("OpenSSL does not make the certificate");
}

template <typename Write>
std::string ToPem(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  Require(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string CertificatePem(X509* certificate) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

Certificate Blank(const std::string& subject, EVP_PKEY* key, int from_hour, int to_hour) {
  static std::atomic<long> serial{1};
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from_hour * 3600L);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), to_hour * 3600L);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  return made;
}

void Extend(X509* certificate, int what, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
  Require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

struct Authority::Parts {
  Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  Certificate certificate{nullptr, &X509_free};
};

Authority::Authority(const std::string& name) : parts_(std::make_unique<Parts>()) {
  parts_->certificate = Blank(name, parts_->key.get(), -2, 24);
  X509* self = parts_->certificate.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  Extend(self, NID_basic_constraints, "critical,CA:TRUE");
  Extend(self, NID_key_usage, "critical,keyCertSign,cRLSign");
  Require(X509_sign(self, parts_->key.get(), EVP_sha256()) > 0);
  certificate_ = CertificatePem(self);
}

Authority::~Authority() = default;

Pair Authority::Issue(const Wanted& wanted) const {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate made = Blank("leaf", key.get(), wanted.from_hour, wanted.to_hour);
  X509_set_issuer_name(made.get(), X509_get_subject_name(parts_->certificate.get()));
  std::string names;
  for (const auto& name : wanted.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) Extend(made.get(), NID_subject_alt_name, names);
  Extend(made.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  Require(X509_sign(made.get(), parts_->key.get(), EVP_sha256()) > 0);
  return {CertificatePem(made.get()), ToPem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace podmirror::kube::conformance
