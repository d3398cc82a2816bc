// What keeps events from flooding: the limits of client-go's event correlator, and ours for the namespaces of others.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/kube/lru.h"
#include "operator/kube/recorder.h"

namespace podmirror::kube {

using Moment = std::chrono::steady_clock::time_point;

inline constexpr std::size_t kRemembered = 4096;

// Events of one namespace on objects of another: 20 a minute for each pair, then one that counts the others.
class ForeignLimit {
 public:
  // False: left out, and counted.
  bool Allow(const Event& event, Moment now);
  // For each minute that has ended: one event instead of those that were left out.
  std::vector<Event> Due(Moment now);
  bool has_due() const { return waiting_ > 0 || !ended_.empty(); }

 private:
  struct Minute {
    Moment began{};
    int count = 0;
    int left_out = 0;
    Event last;
  };
  Lru<std::pair<ObjectReference, std::string>, Minute> minutes_{kRemembered};
  std::size_t waiting_ = 0;  // minutes with something left out
  std::vector<Event> ended_;
};

// Events that differ in their note only: from the eleventh note within ten minutes on, all have the same.
class SimilarEvents {
 public:
  Event Combine(Event event, Moment now);

 private:
  struct Notes {
    Moment last{};
    std::set<std::string> notes;
    std::string combined;
  };
  Lru<Event, Notes> similar_{kRemembered};
};

// Writes for an object: 25, and one more every five minutes.
class ObjectBudget {
 public:
  bool Take(const ObjectReference& object, Moment now);

 private:
  struct Bucket {
    double tokens = 0;
    Moment filled{};
  };
  Lru<ObjectReference, Bucket> buckets_{kRemembered};
};

}  // namespace podmirror::kube
