// What travels on the stream between operator and agent: one JSON text message each (codec.h encodes and decodes).
// Down: StateMessage. Up: ReportMessage.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "contract/desired_state.h"
#include "contract/names.h"
#include "contract/node_report.h"

namespace podmirror {

// Of this shape of messages. A reader refuses another one; a writer writes this one.
inline constexpr std::int64_t kMessageVersion = 1;

// Who leads. Compared in this order: a Lease that was deleted and made anew counts its transitions from 0 again.
struct Epoch {
  Instant lease_created;  // creationTimestamp of the Lease
  std::int64_t lease_transitions = 0;

  auto operator<=>(const Epoch&) const = default;
};

// A node's desired state as one leader sees it. Revisions ascend within an epoch, per node. An agent refuses a
// message that is older (by epoch, then revision) than what it has.
struct Revision {
  Epoch epoch;
  std::uint64_t number = 0;

  auto operator<=>(const Revision&) const = default;
};

struct StateMessage {
  Revision revision;
  DesiredState state;

  bool operator==(const StateMessage&) const = default;
};

// What an agent says of itself and of what it has done. The operator takes the node's name from the agent's token,
// never from a message.
struct ReportMessage {
  std::optional<Revision> applied;  // absent: no state yet
  std::string agent_version;
  std::string kernel;       // uname -r
  std::string attach_mode;  // "tcx"
  NodeReport report;

  bool operator==(const ReportMessage&) const = default;
};

// Limits of the stream, in bytes of one message.
inline constexpr std::size_t kMaxStateBytes = 16 << 20;
inline constexpr std::size_t kMaxReportBytes = 1 << 20;
// Of one `message` in a report: a longer one is cut when it is written.
inline constexpr std::size_t kMaxReportMessageBytes = 1024;

}  // namespace podmirror
