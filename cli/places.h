// Where a pod of local mode is on this host. Its annotations are decoded here and nowhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/result.h"
#include "node-agent/pods/local.h"
#include "operator/api/objects.h"

namespace podmirror::cli {

inline constexpr std::string_view kLocalInterface = "podmirror.io/local-interface";
inline constexpr std::string_view kLocalNetns = "podmirror.io/local-netns";
// The name of this host among the nodes.
inline constexpr std::string_view kLocalNode = "local";

// Error::where is the key of the annotation at fault.
struct Placement {
  std::optional<pods::LocalPlace> place;  // nullopt: the pod is elsewhere
  std::vector<Error> errors;              // with one of them the pod is elsewhere
};

Placement PlaceOf(const api::Pod& pod);

}  // namespace podmirror::cli
