#include "node-agent/dataplane/base.h"

#include <bpf/bpf.h>

#include "node-agent/dataplane/attach.h"
#include "node-agent/dataplane/links.h"
#include "node-agent/dataplane/programs.h"

namespace podmirror::dataplane {
namespace {

struct Pairs {
  PairState mirror;
  PairState segmenter;
};

Result<Pairs> ObservePairs() {
  auto mirror = ObservePair(kMirrorPair);
  if (!mirror) return std::unexpected(mirror.error());
  auto segmenter = ObservePair(kSegmenterPair);
  if (!segmenter) return std::unexpected(segmenter.error());
  return Pairs{*mirror, *segmenter};
}

Result<pm_config> ReadConfig(const Pins& pins) {
  const Fd map = OpenPin(pins.Map("pm_config"), true);
  if (!map) return FailErrno("map cannot be opened", pins.Map("pm_config"));
  const std::uint32_t zero = 0;
  pm_config config{};
  if (bpf_map_lookup_elem(map.get(), &zero, &config) < 0) {
    return FailErrno("map cannot be read", pins.Map("pm_config"));
  }
  return config;
}

Result<void> WriteConfig(const Pins& pins, const pm_config& config) {
  const Fd map = OpenPin(pins.Map("pm_config"));
  if (!map) return FailErrno("map cannot be opened", pins.Map("pm_config"));
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(map.get(), &zero, &config, BPF_ANY) < 0) {
    return FailErrno("map cannot be written", pins.Map("pm_config"));
  }
  return {};
}

bool HasDevices(const pm_config& config, const Pairs& pairs) {
  return config.copy_ifindex == pairs.mirror.near_ifindex && config.segment_ifindex == pairs.segmenter.near_ifindex;
}

Result<void> PutDevices(const Pins& pins, const Pairs& pairs) {
  auto config = ReadConfig(pins);
  if (!config) return std::unexpected(config.error());
  if (HasDevices(*config, pairs)) return {};
  config->copy_ifindex = pairs.mirror.near_ifindex;
  config->segment_ifindex = pairs.segmenter.near_ifindex;
  return WriteConfig(pins, *config);
}

bool IsAttached(const Pins& pins, const char* program, const std::string& pin, std::uint32_t ifindex, Hook hook) {
  auto fd = OpenProgram(pins, program);
  std::uint32_t id = 0;
  return fd && ProgramId(*fd, id) == 0 &&
         ObserveAttachment(pin, ifindex, hook, id).attachment == plan::Attachment::kCurrent;
}

Result<void> AttachInner(const Pins& pins, const char* program, const std::string& pin, std::uint32_t ifindex,
                         Hook hook) {
  auto fd = OpenProgram(pins, program);
  if (!fd) return std::unexpected(fd.error());
  return EnsureAttached(pin, ifindex, hook, *fd);
}

}  // namespace

Result<bool> IsBaseWhole(const Pins& pins) {
  auto pairs = ObservePairs();
  if (!pairs) return std::unexpected(pairs.error());
  if (!pairs->mirror.whole || !pairs->segmenter.whole) return false;
  if (!AreProgramsWhole(pins) || !OldProgramPins(pins).empty()) return false;
  auto config = ReadConfig(pins);
  if (!config) return std::unexpected(config.error());
  return HasDevices(*config, *pairs) &&
         IsAttached(pins, kEncapProgram, pins.EncapLink(), pairs->mirror.near_ifindex, Hook::kTcxEgress) &&
         IsAttached(pins, kSegmentProgram, pins.SegmentLink(), pairs->segmenter.far_ifindex, Hook::kTcxIngress);
}

Result<void> CreateBase(const Pins& pins) {
  if (auto made = pins.MakeFolders(); !made) return made;
  if (!AreProgramsWhole(pins)) {
    if (auto loaded = LoadPrograms(pins); !loaded) return loaded;
  }
  auto mirror = EnsurePair(kMirrorPair);
  if (!mirror) return std::unexpected(mirror.error());
  auto segmenter = EnsurePair(kSegmenterPair);
  if (!segmenter) return std::unexpected(segmenter.error());
  if (auto attached = AttachInner(pins, kSegmentProgram, pins.SegmentLink(), segmenter->far_ifindex, Hook::kTcxIngress);
      !attached) {
    return attached;
  }
  if (auto attached = AttachInner(pins, kEncapProgram, pins.EncapLink(), mirror->near_ifindex, Hook::kTcxEgress);
      !attached) {
    return attached;
  }
  if (auto written = PutDevices(pins, Pairs{*mirror, *segmenter}); !written) return written;
  for (const std::string& pin : OldProgramPins(pins)) {
    if (int error = Unlink(pin); error < 0) return FailErrno("pin cannot be removed", pin, -error);
  }
  return {};
}

Result<void> PutConfig(const Pins& pins, std::uint32_t source_port_mask) {
  auto config = ReadConfig(pins);
  if (!config) return std::unexpected(config.error());
  config->source_port_mask = source_port_mask;
  return WriteConfig(pins, *config);
}

}  // namespace podmirror::dataplane
