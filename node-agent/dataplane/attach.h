// Links of our programs: attached at the head of a hook, pinned, swapped in place.
#pragma once

#include <cstdint>
#include <string>

#include "contract/result.h"
#include "node-agent/dataplane/kernel.h"
#include "node-agent/plan/state.h"

namespace podmirror::dataplane {

struct AttachmentState {
  plan::Attachment attachment = plan::Attachment::kNone;
  bool stale_pin = false;
};

// `program_id`: of this build's program; 0: it is not loaded.
AttachmentState ObserveAttachment(const std::string& pin, std::uint32_t ifindex, Hook hook, std::uint32_t program_id);
// An own link that is alive and first stays and gets the program in one step. One that is not first is taken away and
// made anew: between the two no packet is mirrored there, but none twice either.
Result<void> EnsureAttached(const std::string& pin, std::uint32_t ifindex, Hook hook, const Fd& program);
// Detaches and removes the pin; nothing there is fine.
Result<void> DetachPin(const std::string& pin);

}  // namespace podmirror::dataplane
