// Which events are written, and how. No clock, no network, no thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "operator/kube/lru.h"
#include "operator/kube/recorder.h"
#include "operator/kube/recorder_limits.h"

namespace podmirror::kube {

struct LedgerTime {
  Moment now;
  std::chrono::system_clock::time_point wall;
};

// One write to the API server.
struct EventWrite {
  Event event;          // whose series it is
  bool is_new = false;  // create; else merge-patch
  std::string path;
  std::string body;
};

class Ledger {
 public:
  explicit Ledger(std::string instance) : instance_(std::move(instance)) {}

  std::vector<EventWrite> Take(Event event, LedgerTime time);
  // What has become due: counts of series, and what was said instead of events that were left out.
  std::vector<EventWrite> Due(LedgerTime time);
  bool has_due() const { return !pending_.empty() || foreign_.has_due(); }
  // The server does not have it (events live for an hour): the next one is a new one.
  void Forget(const Event& event);

 private:
  // Equal events.
  struct Series {
    std::string name;
    std::int64_t count = 0;
    Moment last{};
    std::chrono::system_clock::time_point last_wall{};
    Moment written{};
  };

  void Enter(Event event, LedgerTime time, std::vector<EventWrite>& writes);
  void Create(const Event& event, LedgerTime time, std::vector<EventWrite>& writes);
  // Its count, where that may be written by now.
  bool WriteCount(const Event& event, Series& series, Moment now, std::vector<EventWrite>& writes);
  std::string NameFor(const Event& event, LedgerTime time);

  const std::string instance_;
  ForeignLimit foreign_;
  SimilarEvents similar_;
  ObjectBudget budget_;
  Lru<Event, Series> series_{kRemembered};
  std::set<Event> pending_;  // series whose count is not written yet
  std::int64_t last_stamp_ = 0;
};

}  // namespace podmirror::kube
