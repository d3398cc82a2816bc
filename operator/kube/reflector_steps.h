// What a reflector does next, and how long it waits before. Pure: no clock, no network, no chance of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "contract/result.h"
#include "operator/kube/reflector.h"
#include "operator/kube/wire.h"

namespace podmirror::kube {

enum class Step : std::uint8_t {
  kWatchList,  // a watch that begins with everything there is
  kPages,      // LIST, page by page
  kLook,       // is it still the store that we know?
  kWatch,      // from the resourceVersion that we have
};

// How a step ended.
struct Outcome {
  enum class End : std::uint8_t {
    kDone,        // kPages: listed. kLook: the same store
    kForgot,      // kLook: the store does not remember what we have seen
    kEnded,       // the stream ended as HTTP says it ends
    kIncomplete,  // kWatchList: not everything came in time
    kWentBack,    // a resourceVersion was lower than one before
    kMalformed,   // something that is no frame or no list; `status.message` says what
    kStatus,      // the server said no, outside or inside the stream
    kNoAnswer,    // connection, certificate, silence; `status.message` says what
  };
  End end = End::kDone;
  ServerStatus status;
  std::chrono::milliseconds lasted{0};  // of a stream
};

struct Next {
  Step step = Step::kWatchList;
  std::chrono::milliseconds pause{0};
  bool same_page = false;  // kPages: go on where it stood; else from the first page
  std::optional<Error> out_of_sync = {};
  std::optional<Error> unheard = {};
};

class Steps {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Steps(Kind kind, const ReflectorSettings& settings)
      : kind_(kind), first_pause_(settings.first_pause), longest_pause_(settings.longest_pause) {}

  Step current() const { return current_; }
  // `chance`: from 0 to 1.
  Next After(const Outcome& outcome, Time now, double chance);
  void Listed(Time now);  // a list is complete; a watch-list goes on as a watch
  void Heard(Time now);   // a watch has begun

 private:
  Next Decide(const Outcome& outcome, Time now, double chance);
  Next DecideByStatus(const ServerStatus& status, Time now, double chance);
  Step List() const { return pages_only_ ? Step::kPages : Step::kWatchList; }
  bool listing() const { return current_ == Step::kWatchList || current_ == Step::kPages; }
  // Again, or whether the store is still the same; after a pause.
  Next Retry(const Outcome& outcome, Time now, double chance);
  std::chrono::milliseconds PauseAfterFailure(Time now, double chance);
  void SayOnce(Next& next);

  const Kind kind_;
  const std::chrono::milliseconds first_pause_;
  const std::chrono::milliseconds longest_pause_;
  Step current_ = Step::kWatchList;
  bool pages_only_ = false;
  int failures_ = 0;
  int malformed_ = 0;  // since the last list, or the last watch that ended well
  std::optional<Time> good_since_;
  std::optional<Error> said_;
};

}  // namespace podmirror::kube
