// Which desired state is the node's. Pure: no clock, no disk.
#pragma once

#include <cstdint>
#include <optional>

#include "contract/messages.h"

namespace podmirror::daemon {

class Ledger {
 public:
  enum class Judgement : std::uint8_t {
    kTaken,  // another state than before
    kSame,   // what we have already: after each dial
    kOlder,  // of a leader who was deposed, or that came late
  };

  // The kept state at the start, then what the operator sends.
  Judgement Offer(StateMessage message);
  // What Offer() has taken has been applied; `whole`: nothing failed.
  void Applied(bool whole);

  const std::optional<StateMessage>& current() const { return current_; }
  const std::optional<Revision>& applied() const { return applied_; }
  // Revisions between the current state and the last one that was applied whole.
  std::uint64_t lag() const;

 private:
  std::optional<StateMessage> current_;
  std::optional<Revision> applied_;
  std::optional<Revision> whole_;
};

}  // namespace podmirror::daemon
