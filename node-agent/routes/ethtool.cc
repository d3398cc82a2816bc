#include "node-agent/routes/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace podmirror::routes {
namespace {

constexpr std::string_view kChecksumFeature = "tx-checksum-ip-generic";
constexpr std::uint32_t kMaxFeatures = 1024;  // sanity; about 64 today

bool Call(int fd, const std::string& device, void* command) {
  ifreq request{};
  if (device.size() >= sizeof(request.ifr_name)) return false;
  std::memcpy(request.ifr_name, device.data(), device.size());
  request.ifr_data = static_cast<char*>(command);
  return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

// The variable-length commands: a fixed head and `tail` bytes behind it.
template <typename Head>
struct Command {
  explicit Command(std::size_t tail) : words((sizeof(Head) + tail + 7) / 8) {}
  Head& head() { return *reinterpret_cast<Head*>(words.data()); }
  void* data() { return words.data(); }
  std::vector<std::uint64_t> words;
};

std::uint32_t FeatureCount(int fd, const std::string& device) {
  Command<ethtool_sset_info> command(sizeof(std::uint32_t));
  command.head().cmd = ETHTOOL_GSSET_INFO;
  command.head().sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!Call(fd, device, command.data()) || command.head().sset_mask == 0) return 0;
  return command.head().data[0] > kMaxFeatures ? 0 : command.head().data[0];
}

}  // namespace

Result<Ethtool> Ethtool::Open() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Fail(std::string("cannot open a socket for ethtool: ") + std::strerror(errno));
  return Ethtool(fd);
}

Ethtool::~Ethtool() {
  if (fd_ >= 0) close(fd_);
}

Ethtool::Ethtool(Ethtool&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), checksum_index_(other.checksum_index_), feature_count_(other.feature_count_) {}

std::optional<std::uint32_t> Ethtool::FeatureIndex(const std::string& device, std::uint32_t count) const {
  Command<ethtool_gstrings> command(static_cast<std::size_t>(count) * ETH_GSTRING_LEN);
  command.head().cmd = ETHTOOL_GSTRINGS;
  command.head().string_set = ETH_SS_FEATURES;
  command.head().len = count;
  if (!Call(fd_, device, command.data())) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(command.head().data) + i * ETH_GSTRING_LEN;
    if (std::string_view(name, strnlen(name, ETH_GSTRING_LEN)) == kChecksumFeature) return i;
  }
  return std::nullopt;
}

bool Ethtool::TakesPartialChecksums(const std::string& device) {
  if (!checksum_index_) {
    feature_count_ = FeatureCount(fd_, device);
    if (feature_count_ > 0) checksum_index_ = FeatureIndex(device, feature_count_);
    if (!checksum_index_) return false;
  }
  const std::uint32_t blocks = (feature_count_ + 31) / 32;
  Command<ethtool_gfeatures> command(blocks * sizeof(ethtool_get_features_block));
  command.head().cmd = ETHTOOL_GFEATURES;
  command.head().size = blocks;
  if (!Call(fd_, device, command.data())) return false;
  return (command.head().features[*checksum_index_ / 32].active >> (*checksum_index_ % 32) & 1) != 0;
}

std::uint64_t Ethtool::BitsPerSecond(const std::string& device) const {
  // The first call only tells, as a negative number, how long the bitmaps behind the head are.
  constexpr std::size_t kMaxWords = std::size_t{3} * 127;
  Command<ethtool_link_settings> command(kMaxWords * sizeof(std::uint32_t));
  command.head().cmd = ETHTOOL_GLINKSETTINGS;
  if (!Call(fd_, device, command.data()) || command.head().link_mode_masks_nwords >= 0) return 0;
  command.head().link_mode_masks_nwords = static_cast<std::int8_t>(-command.head().link_mode_masks_nwords);
  if (!Call(fd_, device, command.data())) return 0;
  const std::uint32_t speed = command.head().speed;
  if (speed == static_cast<std::uint32_t>(SPEED_UNKNOWN)) return 0;
  return std::uint64_t{speed} * 1'000'000;
}

}  // namespace podmirror::routes
