#include "operator/push/certificate.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <ctime>

namespace podmirror::push {
namespace {

using std::chrono::seconds;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::unexpected<Error> Failed(const char* what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return Fail(std::string("cannot ") + what, text.data());
}

Owned<BIO> Memory(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string Content(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

// Never asks at a terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Instant InstantOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds(seconds(timegm(&parts)));
}

bool SetTime(ASN1_TIME* time, Instant instant) {
  return ASN1_TIME_set(time, std::chrono::floor<seconds>(instant).time_since_epoch().count()) != nullptr;
}

// 128 random bits, positive; also the tail of the name, so that no two authorities are called the same.
Owned<BIGNUM> RandomSerial() {
  Owned<BIGNUM> number(BN_new());
  if (!number || BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1) return nullptr;
  return number;
}

bool SetName(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                    -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddDnsNames(X509* certificate, const std::vector<std::string>& dns_names) {
  const Owned<GENERAL_NAMES> names(sk_GENERAL_NAME_new_null());
  for (const std::string& dns_name : dns_names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, dns_name.data(), static_cast<int>(dns_name.size()));
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

// A certificate with a new key; subject and extensions are the caller's.
Result<Pair> MakeBlank(Instant now, Instant until, const std::string& name, bool numbered) {
  ERR_clear_error();
  Pair pair{.certificate = Certificate(X509_new(), X509_free), .key = Key(EVP_EC_gen("P-256"), EVP_PKEY_free)};
  const Owned<BIGNUM> serial = RandomSerial();
  if (!pair.certificate || !pair.key || !serial) return Failed("make a key");
  std::string full_name = name;
  if (numbered) {
    char* hex = BN_bn2hex(serial.get());
    full_name += std::string(" ") + hex;
    OPENSSL_free(hex);
  }
  X509* const made = pair.certificate.get();
  const bool done = X509_set_version(made, X509_VERSION_3) == 1 &&
                    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made)) != nullptr &&
                    SetName(made, full_name) &&
                    SetTime(X509_getm_notBefore(made), std::chrono::ceil<seconds>(now) - kSkew) &&
                    SetTime(X509_getm_notAfter(made), until) && X509_set_pubkey(made, pair.key.get()) == 1;
  if (!done) return Failed("make a certificate");
  return pair;
}

}  // namespace

std::optional<Pair> ReadPair(const std::string& certificate, const std::string& key) {
  const auto certificates = ReadAll(certificate);
  if (certificates.empty()) return std::nullopt;
  const auto memory = Memory(key);
  Key read(PEM_read_bio_PrivateKey(memory.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  const bool match = read && X509_check_private_key(certificates.front().get(), read.get()) == 1;
  ERR_clear_error();
  if (!match) return std::nullopt;
  return Pair{certificates.front(), std::move(read)};
}

std::vector<Certificate> ReadAll(const std::string& pem) {
  std::vector<Certificate> all;
  const auto memory = Memory(pem);
  while (X509* next = PEM_read_bio_X509(memory.get(), nullptr, NoPassword, nullptr)) all.emplace_back(next, X509_free);
  ERR_clear_error();
  return all;
}

std::string Write(const Certificate& certificate) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate.get());
  return Content(memory.get());
}

Result<std::string> Write(const Key& key) {
  const Owned<BIO> memory(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("write a key");
  }
  return Content(memory.get());
}

Result<Pair> MakeAuthority(Instant now, Instant until) {
  auto pair = MakeBlank(now, until, "Podmirror", true);
  if (!pair) return pair;
  X509* const made = pair->certificate.get();
  const bool done = X509_set_issuer_name(made, X509_get_subject_name(made)) == 1 &&
                    AddExtension(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    AddExtension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddExtension(made, made, NID_subject_key_identifier, "hash") &&
                    X509_sign(made, pair->key.get(), EVP_sha256()) > 0;
  if (!done) return Failed("make an authority");
  return pair;
}

Result<Pair> MakeLeaf(const Pair& authority, const std::vector<std::string>& dns_names, Instant now, Instant until) {
  auto pair = MakeBlank(now, until, "podmirror-operator", false);
  if (!pair) return pair;
  X509* const made = pair->certificate.get();
  X509* const issuer = authority.certificate.get();
  const bool done = X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(made, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(made, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(made, issuer, NID_ext_key_usage, "serverAuth") &&
                    AddExtension(made, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(made, issuer, NID_authority_key_identifier, "keyid:always") &&
                    AddDnsNames(made, dns_names) && X509_sign(made, authority.key.get(), EVP_sha256()) > 0;
  if (!done) return Failed("sign a certificate");
  return pair;
}

Instant Made(const Certificate& certificate) { return InstantOf(X509_get0_notBefore(certificate.get())) + kSkew; }

Instant Until(const Certificate& certificate) { return InstantOf(X509_get0_notAfter(certificate.get())); }

bool IsAuthority(const Certificate& certificate) { return X509_check_ca(certificate.get()) == 1; }

bool IsSignedBy(const Certificate& certificate, const Certificate& authority) {
  const bool yes = X509_check_issued(authority.get(), certificate.get()) == X509_V_OK &&
                   X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1;
  ERR_clear_error();
  return yes;
}

std::vector<std::string> DnsNames(const Certificate& certificate) {
  std::vector<std::string> found;
  const Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    found.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return found;
}

bool Equal(const Certificate& left, const Certificate& right) { return X509_cmp(left.get(), right.get()) == 0; }

}  // namespace podmirror::push
