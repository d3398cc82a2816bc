// Offloads of a device, as `ethtool -k` names them.
#pragma once

#include <string>

namespace podmirror::dataplane {

// Neither segmentation nor checksums are left to the device: every frame that leaves it is one wire segment, complete.
// Negative: -errno.
int HasNoOffloads(const std::string& device, bool& none);
int SwitchOffloadsOff(const std::string& device);

}  // namespace podmirror::dataplane
