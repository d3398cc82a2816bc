// The last desired state, kept on the node: 0600, replaced atomically, with a checksum. It outlives the agent and
// reboots; without an operator the agent goes on with it.
#pragma once

#include <optional>
#include <string>

#include "contract/messages.h"
#include "contract/result.h"

namespace podmirror::link {

// fsync before and after the rename.
Result<void> SaveState(const std::string& path, const StateMessage& message);
// nullopt: there is none. An Error: it cannot be read, is damaged, or of another version; it is treated as absent.
Result<std::optional<StateMessage>> LoadState(const std::string& path);
Result<void> RemoveState(const std::string& path);

}  // namespace podmirror::link
