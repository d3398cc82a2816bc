// Who comes first among sessions.
#pragma once

#include "operator/api/objects.h"

namespace podmirror::compile {

// Older creationTimestamp (absent: youngest), then namespace, then name. Decides who holds a virtual network ID.
bool Older(const api::TrafficMirrorSession& a, const api::TrafficMirrorSession& b);

// Ascending session number, then Older(). Both specs must be valid.
bool EvaluatedBefore(const api::TrafficMirrorSession& a, const api::TrafficMirrorSession& b);

}  // namespace podmirror::compile
