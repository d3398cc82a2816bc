// The agent's metrics as Prometheus reads them. Names, labels and outcomes are API. No pod names: a label per pod would
// cost a time series per pod.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "node-agent/metrics/totals.h"

namespace podmirror::metrics {

// Seconds; the last bucket has no upper bound.
class Durations {
 public:
  static constexpr std::array<double, 10> kBounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};

  void Add(double seconds);
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }
  std::uint64_t up_to(std::size_t bound) const { return up_to_[bound]; }

 private:
  std::array<std::uint64_t, kBounds.size()> up_to_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

struct MapFill {
  std::string name;
  std::uint64_t used = 0;
  std::uint64_t most = 0;
};

struct Snapshot {
  std::string version;
  std::map<Totals::Key, pm_session_counters> sessions;
  std::vector<MapFill> maps;
  std::uint64_t attached_interfaces = 0;
  std::uint64_t ops = 0;        // that changed the kernel
  std::uint64_t op_errors = 0;  // that failed or were held back
  std::uint64_t law_violations = 0;
  std::uint64_t revision_lag = 0;  // revisions behind the newest state that has come
  std::uint64_t states_taken = 0;
  std::uint64_t states_refused = 0;  // of an older epoch or revision
  std::uint64_t state_errors = 0;    // could not be kept on disk
  bool connected = false;
  Durations apply;
};

std::string ToText(const Snapshot& snapshot);

}  // namespace podmirror::metrics
