// The passes of Plan(), in their order. Each fills in its part of the draft.
#pragma once

#include "node-agent/plan/draft.h"

namespace podmirror::plan {

// Finds things by their names; all endpoints; the sources that each target, endpoint and network service is for.
void IndexNames(Draft& draft);
// Which source holds which interface, and the dense index of it.
void ChooseInterfaces(Draft& draft);
// The program's settings, the loop guard and the network services.
void WantSettings(Draft& draft);
void WantSockets(Draft& draft);
// Endpoints: judges the next hops, gives each egress device its budget, keeps the neighbours alive, writes endpoints.
void JudgeEndpoints(Draft& draft);
void WantBudgets(Draft& draft);
void WantNeighbours(Draft& draft);
// Which egress devices the hooks hand their clones to directly.
void WantUplinks(Draft& draft);
void WantEndpoints(Draft& draft);
// The consistent-hash tables.
void WantTargets(Draft& draft);
// Rulesets and hooks of all interfaces.
void WantHooks(Draft& draft);

NodeReport Report(const Draft& draft);

}  // namespace podmirror::plan
