#include "operator/status/reduce.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "contract/reasons.h"

namespace podmirror::status {
namespace {

using Reports = std::map<NodeName, NodeReport>;

constexpr std::size_t kNamedPods = 3;  // in a message; `sources` has them all

std::string Count(std::size_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

Condition Make(std::string_view type, bool status, std::string_view reason, std::string message) {
  return {std::string(type), status, std::string(reason), std::move(message)};
}

// What a finding says; `good` and `good_message` where it has nothing to say.
Condition Word(std::string_view type, const compile::Finding& finding, std::string_view good,
               const std::string& good_message) {
  return Make(type, finding.ok, finding.reason.empty() ? good : std::string_view(finding.reason),
              finding.message.empty() ? good_message : finding.message);
}

// ---- Targets

// The nodes that cannot reach an endpoint: the first one's words, and how many others.
void AddNodeTrouble(const Reports& reports, EndpointStatus& status) {
  std::size_t nodes = 0;
  for (const auto& [node, report] : reports) {
    for (const EndpointReport& seen : report.endpoints) {
      if (seen.endpoint != status.endpoint || seen.reason.empty()) continue;
      if (++nodes > 1) continue;
      status.reason = seen.reason;
      status.message = "on node " + node + ": " + (seen.message.empty() ? seen.reason : seen.message);
    }
  }
  if (nodes > 1) status.message += " (and on " + Count(nodes - 1, "more node") + ")";
}

EndpointStatus ReduceEndpoint(const compile::EndpointVerdict& verdict, const Reports& reports) {
  EndpointStatus status{verdict.endpoint, verdict.reason, verdict.message};
  if (status.reason.empty()) AddNodeTrouble(reports, status);
  if (status.reason.empty()) status.reason = reason::kReady;
  return status;
}

std::string WordEndpoints(const TargetStatus& status) {
  std::string text = std::to_string(status.ready) + " of " + Count(status.total, "endpoint") + " usable";
  for (const EndpointStatus& endpoint : status.endpoints) {
    if (endpoint.reason == reason::kReady) continue;
    text += "; " + endpoint.endpoint.ToString() + ": " + endpoint.reason + ": " + endpoint.message;
    break;
  }
  return text;
}

TargetStatus ReduceTarget(const compile::TargetVerdict& verdict, const Reports& reports) {
  TargetStatus status;
  status.total = verdict.total;
  status.sessions = verdict.sessions;
  for (const compile::EndpointVerdict& endpoint : verdict.endpoints) {
    status.ready += endpoint.reason.empty() ? 1 : 0;
    status.endpoints.push_back(ReduceEndpoint(endpoint, reports));
  }
  status.conditions = {
      Word("Accepted", verdict.accepted, reason::kAccepted, "the target is valid"),
      Word("ResolvedRefs", verdict.resolved, reason::kResolvedRefs, "all that the target names exists"),
      Word("Ready", verdict.ready, reason::kReady, WordEndpoints(status)),
  };
  return status;
}

// ---- Sessions

struct SeenSource {
  const NodeReport* node = nullptr;  // nullptr: the node has not reported
  const SourceReport* source = nullptr;
};

SeenSource FindReport(const Reports& reports, const NodeName& node, const ObjectKey& pod) {
  const auto report = reports.find(node);
  if (report == reports.end()) return {};
  const auto& sources = report->second.sources;
  const auto source = std::ranges::find(sources, pod, &SourceReport::pod);
  return {&report->second, source == sources.end() ? nullptr : &*source};
}

SourceStatus ReduceSource(const compile::SourceVerdict& verdict, const Reports& reports) {
  SourceStatus status{verdict.pod, verdict.node, "", verdict.reason, verdict.message};
  const SeenSource seen = FindReport(reports, verdict.node, verdict.pod);
  if (seen.source != nullptr) status.interface = seen.source->interface;
  if (!status.reason.empty()) return status;
  if (seen.source == nullptr) {
    status.reason = reason::kNotProgrammed;
    status.message = "node " + verdict.node +
                     (seen.node == nullptr ? " has not reported yet; see whether its agent runs"
                                           : " has not programmed this pod yet");
  } else if (seen.source->reason.empty()) {
    status.reason = reason::kMirroring;
  } else {
    status.reason = seen.source->reason;
    status.message = seen.source->message;
  }
  return status;
}

// Finished pods are shown, but neither counted as selected nor as failed.
void CountSources(const compile::SessionVerdict& verdict, SessionStatus& status) {
  std::set<NodeName> nodes;
  for (std::size_t i = 0; i < status.sources.size(); ++i) {
    const std::string& why = status.sources[i].reason;
    if (why == reason::kPodFinished) continue;
    ++status.selected;
    ++(why == reason::kMirroring ? status.mirroring : status.failed);
    if (verdict.sources[i].reason.empty()) nodes.insert(status.sources[i].node);
  }
  status.nodes = static_cast<int>(nodes.size());
}

std::string WordFailures(const SessionStatus& status) {
  std::string text =
      std::to_string(status.failed) + " of " + Count(status.selected, "selected pod") + " not mirrored: ";
  std::size_t named = 0;
  for (const SourceStatus& source : status.sources) {
    if (source.reason == reason::kMirroring || source.reason == reason::kPodFinished) continue;
    if (named == kNamedPods) return text + "; and " + std::to_string(status.failed - kNamedPods) + " more";
    if (named++ > 0) text += "; ";
    text += "pod " + source.pod.name;
    if (!source.node.empty()) text += " on node " + source.node;
    text += ": " + source.reason;
    if (!source.message.empty()) text += ": " + source.message;
  }
  return text;
}

std::optional<std::string> WordTruncation(const ObjectKey& session, const Reports& reports) {
  for (const auto& [node, report] : reports) {
    for (const TruncationReport& cut : report.truncations) {
      if (cut.session != session) continue;
      return "copies are cut on node " + node + ": they do not fit MTU " + std::to_string(cut.mtu) + " of " +
             cut.interface + "; set an MTU of at least " + std::to_string(cut.needed_mtu) +
             " on the way to the collectors, or write a smaller spec.packetLength";
    }
  }
  return std::nullopt;
}

Condition Programmed(const ObjectKey& key, const compile::SessionVerdict& verdict, const SessionStatus& status,
                     const Reports& reports) {
  constexpr std::string_view kType = "Programmed";
  if (!verdict.active.ok) return Word(kType, verdict.active, reason::kNotResolved, "");
  if (status.selected == 0) {
    return Make(kType, true, reason::kNoSources,
                "no running pod of namespace " + key.ns + " is selected by spec.source.podSelector");
  }
  if (status.failed > 0) return Make(kType, false, reason::kPartlyProgrammed, WordFailures(status));
  if (auto cut = WordTruncation(key, reports)) return Make(kType, true, reason::kMtuTruncated, *std::move(cut));
  return Make(kType, true, reason::kProgrammed,
              Count(status.mirroring, "pod") + " mirrored on " + Count(status.nodes, "node"));
}

// Copies the target's Ready, so that one look at the session is enough.
Condition TargetReady(const compile::SessionVerdict& verdict, const std::map<ObjectKey, TargetStatus>& targets) {
  constexpr std::string_view kType = "TargetReady";
  const auto target = targets.find(verdict.target);
  if (target == targets.end()) return Word(kType, verdict.target_ready, reason::kReady, "the target is ready");
  Condition copy = target->second.conditions.back();
  copy.type = kType;
  return copy;
}

std::string WordVni(const compile::SessionVerdict& verdict) {
  std::string text = "the session is valid";
  if (verdict.vni) text += " and sends with virtual network ID " + std::to_string(verdict.vni->value());
  return text;
}

SessionStatus ReduceSession(const ObjectKey& key, const compile::SessionVerdict& verdict, const Reports& reports,
                            const std::map<ObjectKey, TargetStatus>& targets) {
  SessionStatus status;
  status.vni = verdict.vni;
  for (const compile::SourceVerdict& source : verdict.sources) status.sources.push_back(ReduceSource(source, reports));
  CountSources(verdict, status);
  status.conditions = {
      Word("Accepted", verdict.accepted, reason::kAccepted, WordVni(verdict)),
      Word("ResolvedRefs", verdict.resolved, reason::kResolvedRefs, "filter and target exist and can be used"),
      Programmed(key, verdict, status, reports),
      TargetReady(verdict, targets),
  };
  return status;
}

}  // namespace

Status Reduce(const compile::Verdicts& verdicts, const std::map<NodeName, NodeReport>& reports) {
  Status status;
  for (const auto& [key, verdict] : verdicts.filters) {
    status.filters[key] = {verdict.sessions,
                           {Word("Accepted", verdict.accepted, reason::kAccepted, "the filter is valid")}};
  }
  for (const auto& [key, verdict] : verdicts.targets) status.targets[key] = ReduceTarget(verdict, reports);
  for (const auto& [key, verdict] : verdicts.sessions) {
    status.sessions[key] = ReduceSession(key, verdict, reports, status.targets);
  }
  return status;
}

}  // namespace podmirror::status
