// The pin directory: names, and inner maps that are replaced so that a crash at any point leaves old or new.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/result.h"
#include "node-agent/bpf/abi.h"
#include "node-agent/dataplane/fd.h"

namespace podmirror::dataplane {

// No name holds a dot: the BPF file system refuses them.
class Pins {
 public:
  explicit Pins(const std::string& bpffs);

  const std::string& family() const { return family_; }  // <bpffs>/podmirror, every version's parent
  const std::string& root() const { return root_; }
  std::string Folder(std::string_view name) const { return root_ + "/" + std::string(name); }
  std::string Map(std::string_view name) const { return root_ + "/maps/" + std::string(name); }
  std::string Program(std::string_view name, std::string_view hash) const;
  std::string Link(std::uint32_t ifindex, pm_direction direction) const;
  std::string EncapLink() const { return root_ + "/links/encap"; }
  std::string SegmentLink() const { return root_ + "/links/segment"; }
  std::string UplinkLink(std::uint32_t ifindex) const;
  std::string Report() const { return root_ + "/report"; }

  Result<void> MakeFolders() const;

 private:
  std::string family_;
  std::string root_;
};

inline constexpr const char* kFolders[] = {"maps", "programs", "links", "rulesets", "targets", "hooks"};
inline constexpr std::string_view kNew = "-new";  // suffix of a pin that is about to be renamed

std::string HookName(std::uint32_t index, pm_direction direction);  // "3-egress"
// "3-egress" -> 3, PM_EGRESS; nullopt: another name.
std::optional<std::pair<std::uint32_t, pm_direction>> ParseHookName(std::string_view name);
std::optional<std::uint32_t> ParseNumber(std::string_view name);
std::optional<std::uint32_t> ParseUplinkName(std::string_view name);  // "uplink-3" -> 3

// Names in a folder; none where it does not exist.
std::vector<std::string> List(const std::string& folder);
// 0, also where there was nothing; -errno.
int Unlink(const std::string& path);

// One array of maps with single-element arrays inside.
struct InnerKind {
  const char* outer;   // its pin under maps/
  const char* folder;  // of the inner maps
  std::uint32_t value_size;
};
inline constexpr InnerKind kRulesets{"pm_rulesets", "rulesets", sizeof(pm_ruleset)};
inline constexpr InnerKind kTargets{"pm_targets", "targets", sizeof(pm_target)};
inline constexpr InnerKind kHooks{"pm_hooks", "hooks", sizeof(pm_hook)};

// Creates, fills, pins as NAME-new, stores in the outer map, renames to NAME.
Result<void> PutInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name,
                      const void* value);
// Takes it out of the outer map, then removes the pins.
Result<void> RemoveInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name);
// The value that the outer map holds under `key`; false: none, or its pin is not there.
Result<bool> ReadInner(const Pins& pins, const InnerKind& kind, std::uint32_t key, const std::string& name,
                       void* value);

}  // namespace podmirror::dataplane
