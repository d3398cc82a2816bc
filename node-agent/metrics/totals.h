// What each session has done on this node so far, as counters that never go back: a pod that ends takes its counters in
// the kernel with it, and what it counted stays here. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "node-agent/bpf/abi.h"
#include "node-agent/stats/law.h"

namespace podmirror::metrics {

class Totals {
 public:
  using Key = std::pair<std::string, pm_direction>;  // "namespace/name" of a session

  // A reading, and the sessions that there are: others are forgotten.
  void Update(const std::vector<stats::HookCount>& hooks, const std::set<std::string>& sessions);
  const std::map<Key, pm_session_counters>& sums() const { return sums_; }

 private:
  using Place = std::tuple<std::string, std::string, pm_direction>;  // hook, session

  std::map<Place, pm_session_counters> last_;
  std::map<Key, pm_session_counters> sums_;
};

}  // namespace podmirror::metrics
