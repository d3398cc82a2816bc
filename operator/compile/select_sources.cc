#include "operator/compile/select_sources.h"

#include <algorithm>

#include "contract/limits.h"
#include "contract/reasons.h"
#include "operator/compile/label_index.h"

namespace podmirror::compile {
namespace {

bool IsFinished(const api::Pod& pod) {
  return pod.phase == api::PodPhase::kSucceeded || pod.phase == api::PodPhase::kFailed;
}

Finding FinishedPod() { return Finding::No(reason::kPodFinished, "the pod has finished and sends nothing any more"); }

Finding HostNetworkPod() {
  return Finding::No(reason::kHostNetwork,
                     "the pod uses hostNetwork and has no interface of its own; its packets "
                     "cannot be told from the node's");
}

Finding OwnPod() {
  return Finding::No(reason::kIsPodmirror,
                     "the pod is one of Podmirror's own, which are not mirrored. Let podSelector leave it out");
}

Finding CollectorPod() {
  return Finding::No(reason::kIsCollector,
                     "the pod is an endpoint of an active session's target; mirroring it "
                     "would mirror the copies. Let podSelector leave collectors out");
}

// Namespaces are the cluster administrators' objects, so their seal always holds.
Finding SealedNamespace(const std::string& ns) {
  return Finding::No(reason::kSealed, "namespace " + ns +
                                          " carries the annotation podmirror.io/sealed: \"true\"; a cluster "
                                          "administrator can take it away");
}

Finding SealedPod() {
  return Finding::No(reason::kSealed,
                     "the pod carries the annotation podmirror.io/sealed: \"true\" against sessions of other "
                     "namespaces; its owner can take it away");
}

bool IsOwn(const api::Pod& pod) {
  const auto name = pod.meta.labels.find("app.kubernetes.io/name");
  return name != pod.meta.labels.end() && name->second == "podmirror";
}

// Why the pod is nobody's source; ok where it can be somebody's.
Finding NeverSource(const api::Pod& pod, const Question& question) {
  if (IsFinished(pod)) return FinishedPod();
  if (pod.host_network) return HostNetworkPod();
  if (question.own && IsOwn(pod)) return OwnPod();
  return {};
}

// Why it is not this session's.
Finding NotItsSource(const api::Pod& pod, const Selecting& session, const Question& question) {
  const auto collector = question.collectors.find(pod.meta.key.name);
  if (collector != question.collectors.end() && collector->second <= session.tier) return CollectorPod();
  if (question.ns->sealed) return SealedNamespace(question.ns->name);
  const bool foreign = session.key.ns != question.ns->name;
  if (foreign && session.tier == Tier::kNormal && IsSealed(pod.meta)) return SealedPod();
  return {};
}

// The rules that fit in one direction. The first session that does not fit shuts the door behind it.
class RuleBudget {
 public:
  explicit RuleBudget(Direction direction) : direction_(direction) {}

  bool Admit(const Selecting& session) {
    const std::size_t rules = direction_ == Direction::kIngress ? session.ingress_rules : session.egress_rules;
    full_ = full_ || used_ + rules > kMaxRulesPerPodDirection;
    if (!full_) used_ += rules;
    return !full_;
  }

 private:
  Direction direction_;
  std::size_t used_ = 0;
  bool full_ = false;
};

Finding TooManySessions() {
  return Finding::No(reason::kTooManySessions,
                     std::to_string(kMaxSessionsPerPod) +
                         " active sessions come before this one on the pod, and no more are possible; give this one a "
                         "lower sessionNumber or narrow the others' podSelector");
}

Finding TooManyRules(bool ingress, bool egress) {
  if (ingress && egress) return {};
  const std::string direction = !ingress && !egress ? "ingress and egress" : !ingress ? "ingress" : "egress";
  return Finding::No(reason::kTooManyRules,
                     "nothing is mirrored in direction " + direction +
                         ": the filters of the pod's sessions have more "
                         "than " +
                         std::to_string(kMaxRulesPerPodDirection) +
                         " rules there; use fewer rules, or give this session a lower sessionNumber");
}

// One pod, and the sessions that select it: positions in the question's list, ascending.
class PodJudge {
 public:
  PodJudge(const Question& question, const api::Pod& pod, Selected& out) : question_(question), pod_(pod), out_(out) {}

  void Judge(const std::vector<std::uint32_t>& selecting) {
    const Finding never = NeverSource(pod_, question_);
    Source source{pod_.node, {pod_.meta.key, pod_.meta.uid, pod_.ips, {}, {}}, {}};
    std::size_t admitted = 0;
    for (const std::uint32_t session : selecting) {
      const Finding why_not = never.ok ? NotItsSource(pod_, *question_.sessions[session], question_) : never;
      if (!why_not.ok) {
        AddVerdict(session, why_not);
      } else if (!pod_.node.empty()) {
        AddVerdict(session, Admit(session, admitted++, source));
      }
    }
    if (!source.sessions.empty()) out_.sources.push_back(std::move(source));
  }

 private:
  Finding Admit(std::uint32_t session, std::size_t before, Source& source) {
    if (before >= kMaxSessionsPerPod) return TooManySessions();
    const Selecting& selecting = *question_.sessions[session];
    const bool fits_ingress = ingress_.Admit(selecting);
    const bool fits_egress = egress_.Admit(selecting);
    if (fits_ingress) source.desired.ingress.push_back(selecting.key);
    if (fits_egress) source.desired.egress.push_back(selecting.key);
    if (fits_ingress || fits_egress) source.sessions.push_back(session);
    return TooManyRules(fits_ingress, fits_egress);
  }

  void AddVerdict(std::uint32_t session, const Finding& finding) {
    out_.verdicts[session].push_back({pod_.meta.key, pod_.node, finding.reason, finding.message});
  }

  const Question& question_;
  const api::Pod& pod_;
  Selected& out_;
  RuleBudget ingress_{Direction::kIngress};
  RuleBudget egress_{Direction::kEgress};
};

// The pods of one namespace, by key.
std::vector<const api::Pod*> PodsOf(const std::string& ns, const store::Snapshot& snapshot) {
  std::vector<const api::Pod*> pods;
  for (auto pod = snapshot.pods.lower_bound({ns, ""}); pod != snapshot.pods.end() && pod->first.ns == ns; ++pod) {
    pods.push_back(&pod->second);
  }
  return pods;
}

// By pod: the positions of the sessions that select it, ascending.
std::vector<std::vector<std::uint32_t>> SelectPods(const std::vector<const api::Pod*>& pods,
                                                   const std::vector<const Selecting*>& sessions) {
  std::vector<const api::Selector*> selectors;
  selectors.reserve(sessions.size());
  for (const Selecting* session : sessions) selectors.push_back(&session->pods);
  const LabelIndex index(pods, selectors);
  std::vector<std::vector<std::uint32_t>> by_pod(pods.size());
  for (std::uint32_t session = 0; session < sessions.size(); ++session) {
    for (const std::uint32_t pod : index.Select(sessions[session]->pods)) by_pod[pod].push_back(session);
  }
  return by_pod;
}

// For each session the first one that selects one of its pods with the same number.
class Ties {
 public:
  explicit Ties(const std::vector<const Selecting*>& sessions) : sessions_(sessions) {}

  void Note(const std::vector<std::uint32_t>& selecting) {
    const std::uint32_t* first = nullptr;  // of the sessions with this tier and number
    for (const std::uint32_t& session : selecting) {
      if (first == nullptr || !Same(*first, session)) {
        first = &session;
        continue;
      }
      const auto [known, is_new] = first_by_later_.emplace(session, *first);
      if (!is_new) known->second = std::min(known->second, *first);
    }
  }

  std::vector<std::pair<std::uint32_t, std::uint32_t>> Take() const {
    return {first_by_later_.begin(), first_by_later_.end()};
  }

 private:
  bool Same(std::uint32_t a, std::uint32_t b) const {
    return sessions_[a]->tier == sessions_[b]->tier && sessions_[a]->number == sessions_[b]->number;
  }

  const std::vector<const Selecting*>& sessions_;
  std::map<std::uint32_t, std::uint32_t> first_by_later_;
};

}  // namespace

Selecting SelectingOf(const ActiveSession& active) {
  const api::SessionSpec& spec = *active.session->spec;
  const api::FilterSpec& filter = *active.filter->spec;
  return {active.session->meta.key, spec.number, active.tier, spec.pods, filter.ingress.size(), filter.egress.size()};
}

Collectors FindCollectors(const std::vector<ActiveSession>& active, const Verdicts& verdicts) {
  std::map<ObjectKey, Tier> targets;
  for (const ActiveSession& session : active) targets.emplace(session.verdict->target, session.tier);  // priority first
  Collectors pods;
  for (const auto& [key, tier] : targets) {
    for (const EndpointVerdict& endpoint : verdicts.targets.at(key).endpoints) {
      if (!endpoint.reason.empty() || endpoint.pod.empty()) continue;
      const auto [known, is_new] = pods.emplace(ObjectKey{key.ns, endpoint.pod}, tier);
      if (!is_new) known->second = std::min(known->second, tier);
    }
  }
  return pods;
}

Selected SelectSources(const Question& question, const store::Snapshot& snapshot) {
  const std::vector<const api::Pod*> pods = PodsOf(question.ns->name, snapshot);
  const std::vector<std::vector<std::uint32_t>> selecting = SelectPods(pods, question.sessions);
  Selected selected;
  selected.verdicts.resize(question.sessions.size());
  Ties ties(question.sessions);
  for (std::size_t i = 0; i < pods.size(); ++i) {
    if (selecting[i].empty()) continue;
    if (!IsFinished(*pods[i])) ties.Note(selecting[i]);
    PodJudge(question, *pods[i], selected).Judge(selecting[i]);
  }
  selected.ties = ties.Take();
  return selected;
}

Finding Tie(const ActiveSession& later, const ActiveSession& first) {
  const ObjectKey& key = first.session->meta.key;
  const bool foreign = key.ns != later.session->meta.key.ns;  // whose it is, is not for everyone to know
  return {true, std::string(reason::kPriorityTie),
          "sessionNumber " + std::to_string(later.session->spec->number) + " is also that of " +
              (foreign ? "a session of another namespace" : "session " + key.ToString()) +
              ", which selects some of the same pods and is asked first (the older one, then by name); write "
              "different numbers"};
}

}  // namespace podmirror::compile
