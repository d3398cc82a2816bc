// Certificates for a test: an authority and what it signs.
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace podmirror::testing {

struct Pem {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  std::string certificate() const;
  // For `name`, a DNS name or an address ("IP:127.0.0.1"); it ends `seconds` from now, also before now.
  Pem Sign(const std::string& name, long seconds = 3600) const;

 private:
  evp_pkey_st* key_;
  x509_st* certificate_;
};

}  // namespace podmirror::testing
