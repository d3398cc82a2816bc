// Two `podmirror local` on one host undo each other's work. Each holds a name as long as it lives; who finds it taken
// can say so.
#pragma once

namespace podmirror::cli {

class Presence {
 public:
  Presence();
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Nobody else in this network namespace holds the name.
  bool is_alone() const { return alone_; }

 private:
  int socket_ = -1;
  bool alone_ = true;
};

}  // namespace podmirror::cli
