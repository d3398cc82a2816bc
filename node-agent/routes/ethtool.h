// What a device's driver says about itself (ioctl SIOCETHTOOL; needs no right).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "contract/result.h"

namespace podmirror::routes {

class Ethtool {
 public:
  static Result<Ethtool> Open();
  ~Ethtool();
  Ethtool(Ethtool&& other) noexcept;
  Ethtool& operator=(Ethtool&&) = delete;

  // tx-checksum-ip-generic is on: the driver takes packets without a checksum. False where it cannot say.
  bool TakesPartialChecksums(const std::string& device);
  // 0: unknown.
  std::uint64_t BitsPerSecond(const std::string& device) const;

 private:
  explicit Ethtool(int fd) : fd_(fd) {}
  std::optional<std::uint32_t> FeatureIndex(const std::string& device, std::uint32_t count) const;

  int fd_;
  std::optional<std::uint32_t> checksum_index_;  // the same for all devices of a kernel
  std::uint32_t feature_count_ = 0;
};

}  // namespace podmirror::routes
