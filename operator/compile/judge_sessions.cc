#include "operator/compile/judge_sessions.h"

#include <algorithm>
#include <utility>

#include "contract/reasons.h"
#include "operator/compile/order.h"

namespace podmirror::compile {
namespace {

Finding ResolveFilter(const ObjectKey& key, std::map<ObjectKey, FilterVerdict>& filters) {
  const auto filter = filters.find(key);
  if (filter == filters.end()) {
    return Finding::No(reason::kFilterNotFound, "spec.filterRef: there is no TrafficMirrorFilter " + key.name +
                                                    " in namespace " + key.ns +
                                                    "; create it, or write the name of a filter of this namespace");
  }
  ++filter->second.sessions;
  if (filter->second.accepted.ok) return {};
  return Finding::No(reason::kFilterInvalid,
                     "TrafficMirrorFilter " + key.name + " is invalid: " + filter->second.accepted.message);
}

Finding TargetNotFound(const ObjectKey& key, const std::string& ns) {
  return Finding::No(reason::kTargetNotFound, "spec.targetRef: there is no TrafficMirrorTarget " + key.name +
                                                  " in namespace " + key.ns +
                                                  "; create it, or write the name of a target of " +
                                                  (key.ns == ns ? "this namespace" : "that namespace"));
}

// Whose target it is says nothing more about it.
Finding TargetNotPermitted(const ObjectKey& key, const std::string& ns) {
  return Finding::No(reason::kTargetNotPermitted,
                     "spec.targetRef: TrafficMirrorTarget " + key.name + " of namespace " + key.ns +
                         " does not take copies from sessions of namespace " + ns +
                         "; ask for it to be named in the target's spec.allowedNamespaces, or write a target of this "
                         "namespace");
}

Finding JudgeTarget(const ObjectKey& key, const TargetVerdict& verdict) {
  for (const Finding* finding : {&verdict.accepted, &verdict.resolved}) {
    if (finding->ok) continue;
    return Finding::No(reason::kTargetInvalid, "TrafficMirrorTarget " + key.name + " cannot be used (" +
                                                   finding->reason + "): " + finding->message);
  }
  return {};
}

// Sets target and target_ready. A target that is not the session's to use is not looked at any further.
Finding ResolveTarget(const store::Snapshot& snapshot, const ObjectKey& key, const Namespace& ns,
                      std::map<ObjectKey, TargetVerdict>& targets, SessionVerdict& verdict) {
  const auto target = targets.find(key);
  const auto refuse = [&verdict](const Finding& finding) { return verdict.target_ready = finding; };
  if (target == targets.end()) return refuse(TargetNotFound(key, ns.name));
  const auto& spec = snapshot.targets.at(key).spec;
  if (!Allows(spec ? spec->allowed : api::AllowedNamespaces(), key.ns, ns)) {
    return refuse(TargetNotPermitted(key, ns.name));
  }
  ++target->second.sessions;
  verdict.target = key;
  verdict.target_ready = target->second.ready;
  return JudgeTarget(key, target->second);
}

std::string CountNamespaces(int count) { return std::to_string(count) + (count == 1 ? " namespace" : " namespaces"); }

// How many were left out, never which: nobody lists namespaces this way.
Finding JudgeReach(const std::string& ns, const Reach& reach) {
  constexpr std::string_view kAsk =
      "a namespace consents by the annotation podmirror.io/allow-sessions-from on its Namespace, which must name ";
  if (reach.left_out == 0) return {};
  if (reach.positions.empty()) {
    return Finding::No(reason::kNamespaceNotConsenting, "spec.source.namespaceSelector selects " +
                                                            CountNamespaces(reach.left_out) +
                                                            ", and none consents to sessions of namespace " + ns +
                                                            "; " + std::string(kAsk) + ns + " or *");
  }
  return {true, "",
          "filter and target exist and can be used; " + CountNamespaces(reach.left_out) +
              " that spec.source.namespaceSelector selects left out: without consent; " + std::string(kAsk) + ns +
              " or *"};
}

// The first fault gives the reason; both are told.
Finding Both(Finding first, const Finding& second) {
  if (first.ok) return second.ok && second.message.empty() ? first : second;
  if (!second.ok) first.message += "; " + second.message;
  return first;
}

void JudgeSession(const api::TrafficMirrorSession& session, const store::Snapshot& snapshot,
                  const Namespaces& namespaces, const Reaches& reaches, Verdicts& verdicts, SessionVerdict& verdict) {
  if (!session.spec) {
    verdict.accepted = Finding::No(reason::kSessionInvalid, Describe(session.spec.error().error));
    verdict.resolved = Finding::No(reason::kSessionInvalid, "the references of an invalid session are not followed");
    verdict.target_ready = verdict.resolved;
    return;
  }
  const api::SessionSpec& spec = *session.spec;
  const std::string& ns = session.meta.key.ns;
  const Reach& reach = *reaches.at(session.meta.key).reach;
  const ObjectKey target{spec.target_namespace.empty() ? ns : spec.target_namespace, spec.target};
  verdict.beyond_own = spec.namespaces.has_value();
  verdict.left_out = reach.left_out;
  verdict.resolved = ResolveTarget(snapshot, target, namespaces.at(ns), verdicts.targets, verdict);
  verdict.resolved = Both(ResolveFilter({ns, spec.filter}, verdicts.filters), verdict.resolved);
  verdict.resolved = Both(std::move(verdict.resolved), JudgeReach(ns, reach));
}

Finding Activity(const api::TrafficMirrorSession& session, const SessionVerdict& verdict, Instant now) {
  if (!verdict.accepted.ok) {
    return Finding::No(reason::kNotResolved,
                       "the session is not accepted (" + verdict.accepted.reason + "); nothing is mirrored");
  }
  if (session.spec->paused) {
    return Finding::No(reason::kPaused, "spec.paused is true; nothing is mirrored until it is false");
  }
  if (session.spec->expires_at && now >= *session.spec->expires_at) {
    return Finding::No(reason::kExpired, "the session expired at " + FormatInstant(*session.spec->expires_at) +
                                             "; write a later spec.expiresAt, or leave it out, to mirror again");
  }
  if (!verdict.resolved.ok) {
    return Finding::No(reason::kNotResolved,
                       "a reference is not resolved (" + verdict.resolved.reason + "); nothing is mirrored");
  }
  return {};
}

}  // namespace

Reaches FindReaches(const store::Snapshot& snapshot, const Namespaces& namespaces, const Settings& settings,
                    const Reaches& known) {
  Reaches reaches;
  for (const auto& [key, session] : snapshot.sessions) {
    if (!session.spec) continue;
    const Tier tier = TierOf(key.ns, settings);
    const std::optional<api::Selector>& selector = session.spec->namespaces;
    const auto old = known.find(key);
    const bool same = old != known.end() && old->second.tier == tier && old->second.selector == selector;
    reaches.emplace_hint(
        reaches.end(), key,
        same
            ? old->second
            : KnownReach{tier, selector, std::make_shared<const Reach>(FindReach(key.ns, tier, selector, namespaces))});
  }
  return reaches;
}

void JudgeSessions(const store::Snapshot& snapshot, const Namespaces& namespaces, const Reaches& reaches,
                   Verdicts& verdicts) {
  for (const auto& [key, session] : snapshot.sessions) {
    JudgeSession(session, snapshot, namespaces, reaches, verdicts, verdicts.sessions[key]);
  }
}

void JudgeActivity(const store::Snapshot& snapshot, SessionVerdicts& verdicts) {
  for (auto& [key, verdict] : verdicts) {
    verdict.active = Activity(snapshot.sessions.at(key), verdict, snapshot.now);
  }
}

std::vector<ActiveSession> ListActive(const store::Snapshot& snapshot, const Settings& settings,
                                      SessionVerdicts& verdicts) {
  std::vector<ActiveSession> active;
  for (auto& [key, verdict] : verdicts) {
    if (!verdict.active.ok) continue;
    const api::TrafficMirrorSession& session = snapshot.sessions.at(key);
    active.push_back(
        {&session, &snapshot.filters.at({key.ns, session.spec->filter}), &verdict, TierOf(key.ns, settings)});
  }
  std::ranges::sort(active, [](const ActiveSession& a, const ActiveSession& b) {
    return a.tier != b.tier ? a.tier < b.tier : EvaluatedBefore(*a.session, *b.session);
  });
  return active;
}

std::optional<Instant> NextExpiry(const store::Snapshot& snapshot) {
  std::optional<Instant> next;
  for (const auto& [key, session] : snapshot.sessions) {
    if (!session.spec || !session.spec->expires_at) continue;
    const Instant at = *session.spec->expires_at;
    if (at > snapshot.now && (!next || at < *next)) next = at;
  }
  return next;
}

}  // namespace podmirror::compile
