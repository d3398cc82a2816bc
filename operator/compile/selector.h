// Label selectors of meta/v1.
#pragma once

#include "operator/api/objects.h"

namespace podmirror::compile {

// All of matchLabels and matchExpressions hold; an empty selector matches everything. As in Kubernetes, NotIn also
// holds where the label is absent.
bool Matches(const api::Selector& selector, const api::Labels& labels);

}  // namespace podmirror::compile
