#include "node-agent/dataplane/features.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "node-agent/dataplane/fd.h"

namespace podmirror::dataplane {
namespace {

// The ethtool structures end in arrays of any length: laid out in words of 32 bits.
class Ethtool {
 public:
  explicit Ethtool(const std::string& device) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    device.copy(request_.ifr_name, sizeof(request_.ifr_name) - 1);
  }

  int Call(void* command) {
    request_.ifr_data = static_cast<char*>(command);
    return ioctl(socket_.get(), SIOCETHTOOL, &request_) < 0 ? -errno : 0;
  }

 private:
  Fd socket_;
  ifreq request_{};
};

struct FeatureNames {
  std::vector<std::string> names;
  std::size_t blocks() const { return (names.size() + 31) / 32; }
};

int ReadNames(Ethtool& ethtool, FeatureNames& features) {
  std::vector<char> sizes(sizeof(ethtool_sset_info) + sizeof(std::uint32_t));
  auto* info = reinterpret_cast<ethtool_sset_info*>(sizes.data());
  info->cmd = ETHTOOL_GSSET_INFO;
  info->sset_mask = 1ULL << ETH_SS_FEATURES;
  if (int error = ethtool.Call(info); error < 0) return error;
  std::uint32_t count = 0;
  std::memcpy(&count, sizes.data() + sizeof(ethtool_sset_info), sizeof(count));
  std::vector<char> buffer(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(buffer.data());
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = count;
  if (int error = ethtool.Call(strings); error < 0) return error;
  for (std::uint32_t i = 0; i < count; ++i) {
    const char* name = buffer.data() + sizeof(ethtool_gstrings) + std::size_t{i} * ETH_GSTRING_LEN;
    features.names.emplace_back(name, strnlen(name, ETH_GSTRING_LEN));
  }
  return 0;
}

bool IsOffload(std::string_view name) {
  return name.starts_with("tx-") && (name.find("segmentation") != name.npos || name.find("checksum") != name.npos ||
                                     name.find("gso") != name.npos);
}

int ReadFeatures(Ethtool& ethtool, std::size_t blocks, std::vector<ethtool_get_features_block>& features) {
  std::vector<char> buffer(sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block));
  auto* request = reinterpret_cast<ethtool_gfeatures*>(buffer.data());
  request->cmd = ETHTOOL_GFEATURES;
  request->size = static_cast<std::uint32_t>(blocks);
  if (int error = ethtool.Call(request); error < 0) return error;
  features.resize(blocks);
  std::memcpy(features.data(), buffer.data() + sizeof(ethtool_gfeatures), blocks * sizeof(features[0]));
  return 0;
}

// Bits of the offloads that are on and can be switched off.
int OffloadsOn(Ethtool& ethtool, std::vector<std::uint32_t>& on) {
  FeatureNames features;
  std::vector<ethtool_get_features_block> blocks;
  if (int error = ReadNames(ethtool, features); error < 0) return error;
  if (int error = ReadFeatures(ethtool, features.blocks(), blocks); error < 0) return error;
  on.assign(blocks.size(), 0);
  for (std::size_t i = 0; i < features.names.size(); ++i) {
    if (IsOffload(features.names[i])) on[i / 32] |= 1U << (i % 32);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) on[i] &= blocks[i].active & ~blocks[i].never_changed;
  return 0;
}

bool IsZero(const std::vector<std::uint32_t>& words) {
  for (std::uint32_t word : words) {
    if (word != 0) return false;
  }
  return true;
}

}  // namespace

int HasNoOffloads(const std::string& device, bool& none) {
  Ethtool ethtool(device);
  std::vector<std::uint32_t> on;
  int error = OffloadsOn(ethtool, on);
  none = error == 0 && IsZero(on);
  return error;
}

int SwitchOffloadsOff(const std::string& device) {
  Ethtool ethtool(device);
  std::vector<std::uint32_t> on;
  if (int error = OffloadsOn(ethtool, on); error < 0) return error;
  if (IsZero(on)) return 0;
  std::vector<char> buffer(sizeof(ethtool_sfeatures) + on.size() * sizeof(ethtool_set_features_block));
  auto* request = reinterpret_cast<ethtool_sfeatures*>(buffer.data());
  request->cmd = ETHTOOL_SFEATURES;
  request->size = static_cast<std::uint32_t>(on.size());
  std::vector<ethtool_set_features_block> blocks(on.size());
  for (std::size_t i = 0; i < on.size(); ++i) blocks[i] = {.valid = on[i], .requested = 0};
  std::memcpy(buffer.data() + sizeof(ethtool_sfeatures), blocks.data(), blocks.size() * sizeof(blocks[0]));
  return ethtool.Call(request);
}

}  // namespace podmirror::dataplane
