// The bytes that a connection is made with, read again when their files have changed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "contract/result.h"
#include "operator/kube/config.h"

namespace podmirror::kube {

// One moment's bytes of each Material. The token has no white space around it.
struct Credentials {
  std::string certificate_authority;
  std::string client_certificate;
  std::string client_key;
  std::string token;

  bool operator==(const Credentials&) const = default;
};

// May be used from several threads.
class CredentialSource {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr std::chrono::seconds kTrusted{60};  // for how long files are not looked at again

  explicit CredentialSource(ClusterConfig config, Clock now = std::chrono::steady_clock::now);

  // Reads files again where they were read more than kTrusted ago. Where one cannot be read, what was known before
  // holds: kubelet and cert-manager replace files, and a moment without one must not stop us.
  Result<std::shared_ptr<const Credentials>> Current();
  // Reads them now: the server has refused what we had.
  Result<std::shared_ptr<const Credentials>> Reread();

 private:
  Result<std::shared_ptr<const Credentials>> Read();

  const ClusterConfig config_;
  const Clock now_;
  std::mutex mutex_;
  std::shared_ptr<const Credentials> known_;
  std::chrono::steady_clock::time_point read_at_;
};

}  // namespace podmirror::kube
