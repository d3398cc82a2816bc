// Somebody else's program on a hook: lets every packet pass and counts nothing.
#pragma once

#include <cstdint>
#include <string>

#include "node-agent/dataplane/kernel.h"

namespace podmirror::testing {

// Attached before everybody else for as long as the result lives; invalid and a failed test where that went wrong.
dataplane::Fd AttachRival(const std::string& interface, dataplane::Hook hook);

// Ids of the links at the hook in the order in which they run.
std::vector<std::uint32_t> LinksAt(const std::string& interface, dataplane::Hook hook);

}  // namespace podmirror::testing
