// Pass: sources -> the desired state of each node.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "contract/desired_state.h"
#include "operator/compile/select_sources.h"
#include "operator/compile/shared.h"

namespace podmirror::compile {

// What node states are put together from, beside their sources.
struct Parts {
  std::vector<DesiredSession> sessions;  // the active ones, in the order of evaluation
  std::map<ObjectKey, DesiredFilter> filters;
  std::map<ObjectKey, DesiredTarget> targets;
  std::vector<SocketAddress> collectors;  // as in DesiredState
  std::vector<SocketAddress> priority_collectors;
  std::vector<SocketAddress> cluster_dns;

  bool operator==(const Parts&) const = default;
};

Parts MakeParts(const std::vector<ActiveSession>& active, const Verdicts& verdicts,
                std::vector<SocketAddress> cluster_dns);

// What was selected in a namespace; `sessions`: what its sources' positions are in Parts::sessions.
struct Selection {
  std::shared_ptr<const Selected> selected;
  std::vector<std::uint32_t> sessions;
};

// A node's state, and the sources that it was made of.
struct Placed {
  std::vector<const Source*> sources;
  Shared<DesiredState> state;
};
using PlacedNodes = std::map<NodeName, Placed>;

// Nodes without a source get no state. `known`: nodes as placed before, from sources that still exist. A node whose
// sources are the same ones keeps its state if the parts are the same, too; an equal state keeps its pointer anyway.
PlacedNodes Place(const std::vector<Selection>& selections, const Parts& parts, const PlacedNodes& known,
                  bool same_parts);

}  // namespace podmirror::compile
