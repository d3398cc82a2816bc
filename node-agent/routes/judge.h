// Facts -> next hop. Pure.
#pragma once

#include <optional>

#include "node-agent/routes/look.h"
#include "node-agent/routes/routes.h"

namespace podmirror::routes {

struct Facts {
  RouteFact route;
  std::optional<DeviceFact> device;        // of the route
  std::optional<NeighbourFact> neighbour;  // of the gateway, on the device
  bool failed_before = false;              // since it was last resolved, this neighbour was seen FAILED
};

// Whose MAC the copies to `address` need: the gateway, or the address itself.
IpAddress NextHopAddress(const IpAddress& address, const RouteFact& route);

NeighbourState StateOf(const std::optional<NeighbourFact>& neighbour, bool failed_before);

NextHop Judge(const IpAddress& address, const Facts& facts);

}  // namespace podmirror::routes
