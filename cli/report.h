// The published report: what `local` leaves beside the counters, so that `status` can name what they count.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "contract/desired_state.h"
#include "contract/names.h"
#include "contract/result.h"
#include "node-agent/pods/pods.h"
#include "operator/status/reduce.h"

namespace podmirror::cli {

struct Report {
  status::Status status;
  // What joins names and counters.
  std::map<ObjectKey, std::uint64_t> session_keys;  // pm_hook_session::key
  std::map<ObjectKey, std::uint32_t> ifindexes;     // of source pods

  bool operator==(const Report&) const = default;
};

Report MakeReport(const status::Status& status, const DesiredState& desired, const pods::PodLinks& links);

// Equal reports encode to equal bytes.
std::string Encode(const Report& report);
Result<Report> DecodeReport(std::string_view text);

}  // namespace podmirror::cli
