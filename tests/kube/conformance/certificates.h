// Certificates made at run time, for servers and clients of the tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace podmirror::kube::conformance {

struct Pair {
  std::string certificate;  // PEM
  std::string key;
};

struct Wanted {
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1", "IP:::1"};  // as OpenSSL writes SANs
  int from_hour = -1;                                                            // from now
  int to_hour = 1;
};

class Authority {
 public:
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& certificate() const { return certificate_; }
  Pair Issue(const Wanted& wanted) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::string certificate_;
};

}  // namespace podmirror::kube::conformance
