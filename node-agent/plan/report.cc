#include "node-agent/plan/passes.h"

namespace podmirror::plan {

NodeReport Report(const Draft& draft) {
  NodeReport report;
  for (const SourceDraft& source : draft.sources)
    report.sources.push_back({source.desired->pod, source.interface, source.fault.reason, source.fault.message});
  for (const auto& [address, endpoint] : draft.endpoints)
    report.endpoints.push_back({address, endpoint.fault.reason, endpoint.fault.message});
  return report;
}

}  // namespace podmirror::plan
