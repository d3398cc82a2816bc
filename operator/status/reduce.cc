#include "operator/status/reduce.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "contract/reasons.h"
#include "operator/status/seen.h"

namespace podmirror::status {
namespace {

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
void AddNodeTrouble(const Seen& seen, EndpointStatus& status) {
  const auto found = seen.trouble.find(status.endpoint);
  if (found == seen.trouble.end()) return;
  const auto& [node, report] = found->second.front();
  status.reason = report->reason;
  status.message = "on node " + node + ": " + (report->message.empty() ? report->reason : report->message);
  const std::size_t more = found->second.size() - 1;
  if (more > 0) status.message += " (and on " + Count(more, "more node") + ")";
}

EndpointStatus ReduceEndpoint(const compile::EndpointVerdict& verdict, const Seen& seen) {
  EndpointStatus status{verdict.endpoint, verdict.reason, verdict.message};
  if (status.reason.empty()) AddNodeTrouble(seen, status);
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

TargetStatus ReduceTarget(const compile::TargetVerdict& verdict, const Seen& seen) {
  TargetStatus status;
  status.total = verdict.total;
  status.sessions = verdict.sessions;
  for (const compile::EndpointVerdict& endpoint : verdict.endpoints) {
    status.ready += endpoint.reason.empty() ? 1 : 0;
    status.endpoints.push_back(ReduceEndpoint(endpoint, seen));
  }
  status.conditions = {
      Word("Accepted", verdict.accepted, reason::kAccepted, "the target is valid"),
      Word("ResolvedRefs", verdict.resolved, reason::kResolvedRefs, "all that the target names exists"),
      Word("Ready", verdict.ready, reason::kReady, WordEndpoints(status)),
  };
  return status;
}

// ---- Sessions

void NotProgrammed(SourceStatus& status, std::string_view reason, const std::string& why) {
  status.reason = reason;
  status.message = "node " + status.node + " " + why;
}

SourceStatus ReduceSource(const ObjectKey& session, const compile::SourceVerdict& verdict, const Seen& seen) {
  SourceStatus status{verdict.pod, verdict.node, "", verdict.reason, verdict.message};
  const auto node = seen.nodes->find(verdict.node);
  const SourceReport* report = nullptr;
  if (node != seen.nodes->end()) {
    const auto& sources = node->second.report.sources;
    const auto found = std::ranges::find(sources, verdict.pod, &SourceReport::pod);
    if (found != sources.end()) report = &*found;
  }
  if (report != nullptr) status.interface = report->interface;
  if (!status.reason.empty()) return status;
  if (node == seen.nodes->end()) {
    NotProgrammed(status, reason::kNotProgrammed, "has not reported yet; see whether its agent runs");
  } else if (!node->second.reachable) {
    NotProgrammed(status, reason::kNodeUnreachable,
                  "has not reported for 60 s; what it had applied goes on there. See whether its agent runs");
  } else if (report == nullptr) {
    NotProgrammed(status, reason::kNotProgrammed, "has not programmed this pod yet");
  } else if (!report->reason.empty()) {
    status.reason = report->reason;
    status.message = report->message;
  } else if (seen.held.unconfirmed.contains({session, verdict.pod})) {
    NotProgrammed(status, reason::kNotProgrammed, "has not applied the session as it is now yet");
  } else {
    status.reason = reason::kMirroring;
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

std::string NameOf(const ObjectKey& pod, const ObjectKey& session) {
  return pod.ns == session.ns ? pod.name : pod.ToString();
}

std::string WordFailures(const ObjectKey& key, const SessionStatus& status) {
  std::string text =
      std::to_string(status.failed) + " of " + Count(status.selected, "selected pod") + " not mirrored: ";
  std::size_t named = 0;
  for (const SourceStatus& source : status.sources) {
    if (source.reason == reason::kMirroring || source.reason == reason::kPodFinished) continue;
    if (named == kNamedPods) return text + "; and " + std::to_string(status.failed - kNamedPods) + " more";
    if (named++ > 0) text += "; ";
    text += "pod " + NameOf(source.pod, key);
    if (!source.node.empty()) text += " on node " + source.node;
    text += ": " + source.reason;
    if (!source.message.empty()) text += ": " + source.message;
  }
  return text;
}

std::string WordTruncation(const NodeName& node, const TruncationReport& cut) {
  return "copies are cut on node " + node + ": they do not fit MTU " + std::to_string(cut.mtu) + " of " +
         cut.interface + "; set an MTU of at least " + std::to_string(cut.needed_mtu) +
         " on the way to the collectors, or write a smaller spec.packetLength";
}

const std::vector<Leftover>& LeftoversOf(const ObjectKey& session, const Seen& seen) {
  static const std::vector<Leftover> kNone;
  const auto found = seen.held.leftovers.find(session);
  return found == seen.held.leftovers.end() ? kNone : found->second;
}

// Why a pod should no longer be mirrored. Of a namespace that withdrew its consent nothing is said but that.
std::string_view WhyLeft(const Leftover& leftover, const ObjectKey& session, const compile::SessionVerdict& verdict) {
  const auto judged = std::ranges::lower_bound(verdict.sources, leftover.pod, {}, &compile::SourceVerdict::pod);
  const bool listed = judged != verdict.sources.end() && judged->pod == leftover.pod;
  if (listed && judged->reason == reason::kSealed) return reason::kSealed;
  if (!listed && leftover.pod.ns != session.ns && verdict.left_out > 0) return reason::kNamespaceNotConsenting;
  return reason::kPartlyProgrammed;
}

// Names nodes, no pods: whoever withdrew his consent need not be named.
std::string WordLeftovers(const std::vector<Leftover>& leftovers, const Seen& seen) {
  std::set<NodeName> nodes;
  for (const Leftover& leftover : leftovers) nodes.insert(leftover.node);
  const NodeName& first = *nodes.begin();
  std::string text = "node " + first;
  if (nodes.size() > 1) text += " and " + Count(nodes.size() - 1, "more node");
  text += nodes.size() > 1 ? " have" : " has";
  text += " not confirmed yet that the copies of " + Count(leftovers.size(), "pod") + " have ended";
  const auto node = seen.nodes->find(first);
  if (node != seen.nodes->end() && !node->second.reachable) text += "; see whether the agent runs there";
  return text;
}

// An inactive session. What it is withdrawn for is told until every node has confirmed.
Condition Inactive(const ObjectKey& key, const compile::SessionVerdict& verdict, const Seen& seen) {
  Condition condition = Word("Programmed", verdict.active, reason::kNotResolved, "");
  const std::vector<Leftover>& leftovers = LeftoversOf(key, seen);
  if (leftovers.empty()) return condition;
  if (condition.reason == reason::kNotResolved && verdict.accepted.ok && !verdict.resolved.ok) {
    condition.reason = verdict.resolved.reason;
  }
  condition.message += "; " + WordLeftovers(leftovers, seen);
  return condition;
}

std::optional<Condition> Leaving(const ObjectKey& key, const compile::SessionVerdict& verdict, const Seen& seen) {
  const std::vector<Leftover>& leftovers = LeftoversOf(key, seen);
  if (leftovers.empty()) return std::nullopt;
  std::string_view why = reason::kPartlyProgrammed;
  for (const Leftover& leftover : leftovers) {
    if (why == reason::kPartlyProgrammed) why = WhyLeft(leftover, key, verdict);
  }
  return Make("Programmed", false, why, WordLeftovers(leftovers, seen));
}

std::string WordNoSources(const ObjectKey& key, const compile::SessionVerdict& verdict) {
  if (!verdict.beyond_own) {
    return "no running pod of namespace " + key.ns + " is selected by spec.source.podSelector";
  }
  return "no running pod is selected by spec.source.podSelector in the namespaces that spec.source.namespaceSelector "
         "reaches";
}

Condition Programmed(const ObjectKey& key, const compile::SessionVerdict& verdict, const SessionStatus& status,
                     const Seen& seen) {
  constexpr std::string_view kType = "Programmed";
  if (!verdict.active.ok) return Inactive(key, verdict, seen);
  if (auto leaving = Leaving(key, verdict, seen)) return *std::move(leaving);
  if (status.selected == 0) return Make(kType, true, reason::kNoSources, WordNoSources(key, verdict));
  if (status.failed > 0) {
    const bool unreachable = std::ranges::any_of(
        status.sources, [](const auto& source) { return source.reason == reason::kNodeUnreachable; });
    return Make(kType, false, unreachable ? reason::kNodeUnreachable : reason::kPartlyProgrammed,
                WordFailures(key, status));
  }
  if (const auto cut = seen.cuts.find(key); cut != seen.cuts.end()) {
    return Make(kType, true, reason::kMtuTruncated, WordTruncation(cut->second.first, *cut->second.second));
  }
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

SessionStatus ReduceSession(const ObjectKey& key, const compile::SessionVerdict& verdict, const Seen& seen,
                            const std::map<ObjectKey, TargetStatus>& targets) {
  SessionStatus status;
  status.vni = verdict.vni;
  for (const compile::SourceVerdict& source : verdict.sources) {
    status.sources.push_back(ReduceSource(key, source, seen));
  }
  CountSources(verdict, status);
  status.conditions = {
      Word("Accepted", verdict.accepted, reason::kAccepted, WordVni(verdict)),
      Word("ResolvedRefs", verdict.resolved, reason::kResolvedRefs, "filter and target exist and can be used"),
      Programmed(key, verdict, status, seen),
      TargetReady(verdict, targets),
  };
  return status;
}

}  // namespace

Status Reduce(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes) {
  const compile::Verdicts& verdicts = compiled.verdicts;
  const Seen seen = Look(compiled, nodes);
  Status status;
  for (const auto& [key, verdict] : verdicts.filters) {
    status.filters[key] = {verdict.sessions,
                           {Word("Accepted", verdict.accepted, reason::kAccepted, "the filter is valid")}};
  }
  for (const auto& [key, verdict] : verdicts.targets) status.targets[key] = ReduceTarget(verdict, seen);
  for (const auto& [key, verdict] : verdicts.sessions) {
    status.sessions[key] = ReduceSession(key, verdict, seen, status.targets);
  }
  return status;
}

}  // namespace podmirror::status
