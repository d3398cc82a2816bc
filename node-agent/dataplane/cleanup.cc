// Removing all that is ours. Links go first, so that no packet meets half of the rest.
#include <unistd.h>

#include "node-agent/dataplane/attach.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/dataplane/links.h"
#include "node-agent/dataplane/neighbours.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {
namespace {

using Removed = std::vector<std::string>;

Result<void> RemoveLinks(const std::string& root, Removed& removed) {
  for (const std::string& name : List(root + "/links")) {
    const std::string pin = root + "/links/" + name;
    if (auto gone = DetachPin(pin); !gone) return gone;
    removed.push_back("attachment " + pin);
  }
  return {};
}

Result<void> RemoveDevices(Removed& removed) {
  for (const Pair& pair : {kMirrorPair, kSegmenterPair}) {
    auto gone = RemovePair(pair);
    if (!gone) return std::unexpected(gone.error());
    if (*gone) removed.push_back("veth pair " + std::string(pair.near) + ", " + pair.far);
  }
  return {};
}

Result<void> RemoveNeighbours(Removed& removed) {
  auto ours = ObserveNeighbours();
  if (!ours) return std::unexpected(ours.error());
  for (const plan::Neighbour& neighbour : *ours) {
    if (auto gone = RemoveNeighbour(neighbour); !gone) return gone;
    removed.push_back("neighbour " + neighbour.address.ToString());
  }
  return {};
}

Result<void> RemoveFolder(const std::string& folder) {
  if (rmdir(folder.c_str()) < 0 && errno != ENOENT) return FailErrno("folder cannot be removed", folder);
  return {};
}

Result<void> RemovePins(const std::string& root, Removed& removed) {
  for (const char* name : kFolders) {
    const std::string folder = root + "/" + name;
    for (const std::string& pin : List(folder)) {
      if (int error = Unlink(folder + "/" + pin); error < 0) {
        return FailErrno("pin cannot be removed", folder + "/" + pin, -error);
      }
    }
    if (auto gone = RemoveFolder(folder); !gone) return gone;
  }
  for (const std::string& pin : {root + "/report", root + "/report" + std::string(kNew)}) {
    if (int error = Unlink(pin); error < 0) return FailErrno("pin cannot be removed", pin, -error);
  }
  if (auto gone = RemoveFolder(root); !gone) return gone;
  removed.push_back("pins in " + root);
  return {};
}

}  // namespace

Result<Removed> Cleanup(const std::string& bpffs) {
  const Pins pins(bpffs);
  Removed removed;
  // Every version's pins lie there in the same folders.
  const std::vector<std::string> versions = List(pins.family());
  for (const std::string& version : versions) {
    if (auto gone = RemoveLinks(pins.family() + "/" + version, removed); !gone) return std::unexpected(gone.error());
  }
  if (auto gone = RemoveDevices(removed); !gone) return std::unexpected(gone.error());
  if (auto gone = RemoveNeighbours(removed); !gone) return std::unexpected(gone.error());
  for (const std::string& version : versions) {
    if (auto gone = RemovePins(pins.family() + "/" + version, removed); !gone) return std::unexpected(gone.error());
  }
  if (auto gone = RemoveFolder(pins.family()); !gone) return std::unexpected(gone.error());
  return removed;
}

}  // namespace podmirror::dataplane
