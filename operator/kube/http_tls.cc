#include "operator/kube/http_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <mutex>
#include <utility>
#include <vector>

#include "contract/ip.h"

namespace podmirror::kube {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;

// A key with a passphrase must not make OpenSSL ask on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

std::vector<Certificate> ReadCertificates(const std::string& pem) {
  std::vector<Certificate> found;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) found.emplace_back(one);
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return found;
}

Key ReadKey(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

class Parsed final : public TlsMaterial, public std::enable_shared_from_this<Parsed> {
 public:
  Parsed(std::string name, bool verify) : name_(std::move(name)), verify_(verify) {}

  Result<void> Read(const Credentials& credentials) {
    const auto authorities = ReadCertificates(credentials.certificate_authority);
    if (verify_ && authorities.empty()) {
      return Fail("the certificate authority holds no certificate in PEM form", "certificate-authority",
                  "give the cluster's CA certificate, which begins with -----BEGIN CERTIFICATE-----");
    }
    for (const auto& authority : authorities) X509_STORE_add_cert(trusted_.get(), authority.get());
    if (credentials.client_certificate.empty() && credentials.client_key.empty()) return {};
    chain_ = ReadCertificates(credentials.client_certificate);
    key_ = ReadKey(credentials.client_key);
    if (chain_.empty() || !key_ || X509_check_private_key(chain_[0].get(), key_.get()) != 1) {
      ERR_clear_error();
      return Fail("the client certificate and its key are not a pair in PEM form", "client-certificate",
                  "give a certificate and the key that it was made for, without a passphrase");
    }
    return {};
  }

  bool Prepare(SSL_CTX* context) override;

  std::string LastFault() const override {
    const std::lock_guard lock(mutex_);
    return fault_;
  }

  int Verify(X509_STORE_CTX* chain) {
    X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(chain);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = IpAddress::Parse(name_) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name_.c_str())
                                            : X509_VERIFY_PARAM_set1_host(wanted, name_.c_str(), name_.size());
    // Whoever made the connection may have put its own judge there; OpenSSL's is the only one here.
    X509_STORE_CTX_set_verify_cb(chain, [](int well, X509_STORE_CTX*) { return well; });
    if (set == 1 && X509_verify_cert(chain) == 1) return 1;
    const int code = X509_STORE_CTX_get_error(chain);
    const std::lock_guard lock(mutex_);
    fault_ = X509_verify_cert_error_string(code);
    if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
      fault_ += ": it is not for " + name_;
    }
    return 0;
  }

 private:
  const std::string name_;
  const bool verify_;
  const Store trusted_{X509_STORE_new()};
  std::vector<Certificate> chain_;
  Key key_;
  mutable std::mutex mutex_;
  std::string fault_;
};

using Owner = std::shared_ptr<Parsed>;

// The context's reference to what it was prepared with.
int OwnerIndex() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Owner*>(owner); });
  return index;
}

bool Parsed::Prepare(SSL_CTX* context) {
  auto owner = std::make_unique<Owner>(shared_from_this());
  if (SSL_CTX_set_ex_data(context, OwnerIndex(), owner.get()) != 1) return false;
  owner.release();  // NOLINT(bugprone-unused-return-value): the context's now
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set1_cert_store(context, trusted_.get());
  if (verify_) {
    SSL_CTX_set_cert_verify_callback(
        context, [](X509_STORE_CTX* chain, void* self) { return static_cast<Parsed*>(self)->Verify(chain); }, this);
  }
  if (chain_.empty()) return true;
  if (SSL_CTX_use_certificate(context, chain_[0].get()) != 1 || SSL_CTX_use_PrivateKey(context, key_.get()) != 1) {
    return false;
  }
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1) return false;
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<TlsMaterial>> TlsMaterial::Parse(const Credentials& credentials, const std::string& name,
                                                        bool verify) {
  auto material = std::make_shared<Parsed>(name, verify);
  if (auto read = material->Read(credentials); !read) return std::unexpected(read.error());
  return material;
}

}  // namespace podmirror::kube
