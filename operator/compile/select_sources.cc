#include "operator/compile/select_sources.h"

#include <map>
#include <string>
#include <unordered_map>

#include "contract/limits.h"
#include "contract/reasons.h"
#include "operator/compile/label_index.h"

namespace podmirror::compile {
namespace {

bool IsFinished(const api::Pod& pod) {
  return pod.phase == api::PodPhase::kSucceeded || pod.phase == api::PodPhase::kFailed;
}

// Namespaces are the cluster administrators' objects, so their seal always holds.
bool IsSealed(const std::string& ns, const store::Snapshot& snapshot) {
  const auto found = snapshot.namespaces.find({"", ns});
  if (found == snapshot.namespaces.end()) return false;
  const auto seal = found->second.meta.annotations.find("podmirror.io/sealed");
  return seal != found->second.meta.annotations.end() && seal->second == "true";
}

Finding NeverSource(const api::Pod& pod, bool sealed, const std::set<ObjectKey>& collectors) {
  if (IsFinished(pod)) return Finding::No(reason::kPodFinished, "the pod has finished and sends nothing any more");
  if (pod.host_network) {
    return Finding::No(reason::kHostNetwork,
                       "the pod uses hostNetwork and has no interface of its own; its packets "
                       "cannot be told from the node's");
  }
  if (collectors.contains(pod.meta.key)) {
    return Finding::No(reason::kIsCollector,
                       "the pod is an endpoint of an active session's target; mirroring it "
                       "would mirror the copies. Let podSelector leave collectors out");
  }
  if (sealed) {
    return Finding::No(reason::kSealed, "namespace " + pod.meta.key.ns +
                                            " carries the annotation podmirror.io/sealed: \"true\"; a cluster "
                                            "administrator can take it away");
  }
  return {};
}

void AddVerdict(const ActiveSession& session, const api::Pod& pod, const Finding& finding) {
  session.verdict->sources.push_back({pod.meta.key, pod.node, finding.reason, finding.message});
}

// The rules that fit in one direction. The first session that does not fit shuts the door behind it.
class RuleBudget {
 public:
  explicit RuleBudget(Direction direction) : direction_(direction) {}

  bool Admit(const ActiveSession& session) {
    const api::FilterSpec& filter = *session.filter->spec;
    const std::size_t rules = (direction_ == Direction::kIngress ? filter.ingress : filter.egress).size();
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

Source ApplyLimits(const SelectedPod& selected) {
  Source source{selected.pod, {}, {}};
  RuleBudget ingress(Direction::kIngress), egress(Direction::kEgress);
  for (std::size_t i = 0; i < selected.sessions.size(); ++i) {
    const ActiveSession& session = *selected.sessions[i];
    if (i >= kMaxSessionsPerPod) {
      AddVerdict(session, *selected.pod, TooManySessions());
      continue;
    }
    const bool fits_ingress = ingress.Admit(session);
    const bool fits_egress = egress.Admit(session);
    if (fits_ingress) source.ingress.push_back(&session);
    if (fits_egress) source.egress.push_back(&session);
    AddVerdict(session, *selected.pod, TooManyRules(fits_ingress, fits_egress));
  }
  return source;
}

// The pods of one namespace, by key.
std::vector<const api::Pod*> PodsOf(const std::string& ns, const store::Snapshot& snapshot) {
  std::vector<const api::Pod*> pods;
  for (auto pod = snapshot.pods.lower_bound({ns, ""}); pod != snapshot.pods.end() && pod->first.ns == ns; ++pod) {
    pods.push_back(&pod->second);
  }
  return pods;
}

void SelectInNamespace(const std::vector<const api::Pod*>& pods, const std::vector<const ActiveSession*>& sessions,
                       std::vector<SelectedPod>& selected) {
  std::vector<const api::Selector*> selectors;
  selectors.reserve(sessions.size());
  for (const ActiveSession* session : sessions) selectors.push_back(&session->session->spec->pods);
  const LabelIndex index(pods, selectors);
  std::vector<std::vector<const ActiveSession*>> by_pod(pods.size());
  for (const ActiveSession* session : sessions) {
    for (const std::uint32_t i : index.Select(session->session->spec->pods)) by_pod[i].push_back(session);
  }
  for (std::size_t i = 0; i < pods.size(); ++i) {
    if (!by_pod[i].empty()) selected.push_back({pods[i], std::move(by_pod[i])});
  }
}

}  // namespace

std::vector<SelectedPod> SelectPods(const store::Snapshot& snapshot, const std::vector<ActiveSession>& active) {
  std::map<std::string, std::vector<const ActiveSession*>> by_namespace;
  for (const ActiveSession& session : active) by_namespace[session.session->meta.key.ns].push_back(&session);
  std::vector<SelectedPod> selected;
  for (const auto& [ns, sessions] : by_namespace) SelectInNamespace(PodsOf(ns, snapshot), sessions, selected);
  return selected;
}

void NoteTies(const std::vector<SelectedPod>& selected) {
  std::unordered_map<const ActiveSession*, const ActiveSession*> first_by_later;
  for (const auto& [pod, sessions] : selected) {
    if (IsFinished(*pod)) continue;
    const ActiveSession* first = nullptr;  // of the sessions with this number
    for (const ActiveSession* session : sessions) {
      if (first == nullptr || first->session->spec->number != session->session->spec->number) {
        first = session;
        continue;
      }
      // Pointers into one list in the order of evaluation: the smallest is the first.
      const auto [known, is_new] = first_by_later.emplace(session, first);
      if (!is_new && first < known->second) known->second = first;
    }
  }
  for (const auto& [later, first] : first_by_later) {
    later->verdict->accepted = {
        true, std::string(reason::kPriorityTie),
        "sessionNumber " + std::to_string(later->session->spec->number) + " is also that of session " +
            first->session->meta.key.ToString() +
            ", which selects some of the same pods and is asked first (the older one, then by name); write "
            "different numbers"};
  }
}

std::set<ObjectKey> FindCollectors(const std::vector<ActiveSession>& active, const Verdicts& verdicts) {
  std::set<ObjectKey> pods;
  for (const ActiveSession& session : active) {
    const ObjectKey& target = session.verdict->target;
    for (const EndpointVerdict& endpoint : verdicts.targets.at(target).endpoints) {
      if (endpoint.reason.empty() && !endpoint.pod.empty()) pods.insert({target.ns, endpoint.pod});
    }
  }
  return pods;
}

std::vector<Source> JudgeSources(const std::vector<SelectedPod>& selected, const std::set<ObjectKey>& collectors,
                                 const store::Snapshot& snapshot) {
  std::vector<Source> sources;
  const std::string* ns = nullptr;  // pods come by namespace: judge its seal once
  bool sealed = false;
  for (const SelectedPod& one : selected) {
    const ObjectKey& key = one.pod->meta.key;
    if (ns == nullptr || *ns != key.ns) sealed = IsSealed(key.ns, snapshot);
    ns = &key.ns;
    const Finding never = NeverSource(*one.pod, sealed, collectors);
    if (!never.ok) {
      for (const ActiveSession* session : one.sessions) AddVerdict(*session, *one.pod, never);
    } else if (!one.pod->node.empty()) {
      sources.push_back(ApplyLimits(one));
    }
  }
  return sources;
}

}  // namespace podmirror::compile
