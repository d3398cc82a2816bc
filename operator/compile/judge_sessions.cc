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

Finding ResolveTarget(const ObjectKey& key, std::map<ObjectKey, TargetVerdict>& targets) {
  const auto target = targets.find(key);
  if (target == targets.end()) {
    return Finding::No(reason::kTargetNotFound, "spec.targetRef: there is no TrafficMirrorTarget " + key.name +
                                                    " in namespace " + key.ns +
                                                    "; create it, or write the name of a target of this namespace");
  }
  ++target->second.sessions;
  for (const Finding* finding : {&target->second.accepted, &target->second.resolved}) {
    if (finding->ok) continue;
    return Finding::No(reason::kTargetInvalid, "TrafficMirrorTarget " + key.name + " cannot be used (" +
                                                   finding->reason + "): " + finding->message);
  }
  return {};
}

// The first one gives the reason; both are told.
Finding Both(Finding first, Finding second) {
  if (first.ok) return second;
  if (!second.ok) first.message += "; " + second.message;
  return first;
}

void JudgeSession(const api::TrafficMirrorSession& session, Verdicts& verdicts, SessionVerdict& verdict) {
  if (!session.spec) {
    verdict.accepted = Finding::No(reason::kSessionInvalid, Describe(session.spec.error().error));
    verdict.resolved = Finding::No(reason::kSessionInvalid, "the references of an invalid session are not followed");
    verdict.target_ready = verdict.resolved;
    return;
  }
  const std::string& ns = session.meta.key.ns;
  verdict.target = {ns, session.spec->target};
  Finding target = ResolveTarget(verdict.target, verdicts.targets);
  const auto found = verdicts.targets.find(verdict.target);
  verdict.target_ready = found == verdicts.targets.end() ? target : found->second.ready;
  verdict.resolved = Both(ResolveFilter({ns, session.spec->filter}, verdicts.filters), std::move(target));
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

void JudgeSessions(const store::Snapshot& snapshot, Verdicts& verdicts) {
  for (const auto& [key, session] : snapshot.sessions) JudgeSession(session, verdicts, verdicts.sessions[key]);
}

void JudgeActivity(const store::Snapshot& snapshot, SessionVerdicts& verdicts) {
  for (auto& [key, verdict] : verdicts) {
    verdict.active = Activity(snapshot.sessions.at(key), verdict, snapshot.now);
  }
}

std::vector<ActiveSession> ListActive(const store::Snapshot& snapshot, SessionVerdicts& verdicts) {
  std::vector<ActiveSession> active;
  for (auto& [key, verdict] : verdicts) {
    if (!verdict.active.ok) continue;
    const api::TrafficMirrorSession& session = snapshot.sessions.at(key);
    active.push_back({&session, &snapshot.filters.at({key.ns, session.spec->filter}), &verdict});
  }
  std::ranges::sort(active, [](const auto& a, const auto& b) { return EvaluatedBefore(*a.session, *b.session); });
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
