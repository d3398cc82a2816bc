// A status as the CRDs have it: canonical JSON, without lastTransitionTime. Pure. One bad value loses the whole write,
// and what nodes report is foreign text: everything is cut to what the CRDs admit.
#pragma once

#include <cstdint>
#include <string>

#include "contract/names.h"
#include "operator/status/reduce.h"

namespace podmirror::status {

// `session`: its own key, since pods of other namespaces are named with theirs. At most ten failures.
std::string Render(const ObjectKey& session, const SessionStatus& status, std::int64_t generation);
std::string Render(const TargetStatus& status, std::int64_t generation);
std::string Render(const FilterStatus& status, std::int64_t generation);

}  // namespace podmirror::status
