// What everything else stands on: pin folders, maps, programs, veth pairs, the two inner attachments.
#pragma once

#include "contract/result.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {

// All of it is there, whole and of this build. Writes nothing.
Result<bool> IsBaseWhole(const Pins& pins);
// Makes what is missing or old. May be cut short anywhere and called again.
Result<void> CreateBase(const Pins& pins);
// The base must have been made. Device indexes are filled in here.
Result<void> PutConfig(const Pins& pins, std::uint32_t source_port_mask);

}  // namespace podmirror::dataplane
