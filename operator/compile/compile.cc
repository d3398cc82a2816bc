#include "operator/compile/compile.h"

#include <map>
#include <utility>

#include "operator/compile/allot_vnis.h"
#include "operator/compile/cluster_dns.h"
#include "operator/compile/endpoints.h"
#include "operator/compile/judge_sessions.h"
#include "operator/compile/memo.h"
#include "operator/compile/place.h"
#include "operator/compile/resolve_targets.h"
#include "operator/compile/select_sources.h"

namespace podmirror::compile {
namespace {

// Namespaces, and who reaches them.
void LearnNamespaces(const store::Snapshot& snapshot, const Settings& settings, Memo::Known& known) {
  Namespaces namespaces(snapshot);
  if (namespaces != known.namespaces) {
    known.reaches.clear();
    known.namespaces = std::move(namespaces);
  }
  known.reaches = FindReaches(snapshot, known.namespaces, settings, known.reaches);
}

// Numbers what selects; a session that selects as before keeps its number.
void LearnSelecting(const std::vector<ActiveSession>& active, Memo::Known& known) {
  std::map<ObjectKey, KnownSelecting> learned;
  for (const ActiveSession& session : active) {
    Selecting selecting = SelectingOf(session);
    const auto old = known.selecting.find(selecting.key);
    const bool same = old != known.selecting.end() && old->second.selecting == selecting;
    const std::uint64_t number = same ? old->second.number : ++known.last_number;
    const ObjectKey key = selecting.key;
    learned.emplace(key, KnownSelecting{std::move(selecting), number});
  }
  known.selecting = std::move(learned);
}

// By position in Namespaces::all(): the sessions that reach it, positions in `active`.
std::vector<std::vector<std::uint32_t>> GroupByNamespace(const std::vector<ActiveSession>& active,
                                                         const Memo::Known& known) {
  std::vector<std::vector<std::uint32_t>> grouped(known.namespaces.all().size());
  for (std::uint32_t i = 0; i < active.size(); ++i) {
    for (const std::uint32_t ns : known.reaches.at(active[i].session->meta.key).reach->positions) {
      grouped[ns].push_back(i);
    }
  }
  return grouped;
}

std::map<std::string, Tier> CollectorsOf(const std::string& ns, const Collectors& collectors) {
  std::map<std::string, Tier> own;
  for (auto at = collectors.lower_bound({ns, ""}); at != collectors.end() && at->first.ns == ns; ++at) {
    own.emplace_hint(own.end(), at->first.name, at->second);
  }
  return own;
}

// Answers for one namespace, from memory where nothing that counts has changed.
class Selector {
 public:
  Selector(const store::Snapshot& snapshot, const Settings& settings, const std::vector<ActiveSession>& active,
           const Collectors& collectors, const Memo::Known& known)
      : snapshot_(snapshot), settings_(settings), collectors_(collectors), known_(known) {
    for (const ActiveSession& session : active) selecting_.push_back(&known.selecting.at(session.session->meta.key));
  }

  KnownNamespace Select(const Namespace& ns, const std::vector<std::uint32_t>& sessions) const {
    KnownNamespace asked{PodChanges(ns.name), ns.sealed, {}, CollectorsOf(ns.name, collectors_), nullptr};
    for (const std::uint32_t session : sessions) asked.sessions.push_back(selecting_[session]->number);
    const auto old = known_.selections.find(ns.name);
    if (old != known_.selections.end() && IsSame(old->second, asked)) return old->second;
    Question question{&ns, ns.name == settings_.own_namespace, {}, asked.collectors};
    for (const std::uint32_t session : sessions) question.sessions.push_back(&selecting_[session]->selecting);
    asked.selected = std::make_shared<const Selected>(SelectSources(question, snapshot_));
    return asked;
  }

 private:
  // 0: not counted.
  std::uint64_t PodChanges(const std::string& ns) const {
    const auto changes = snapshot_.pod_changes.find(ns);
    return changes == snapshot_.pod_changes.end() ? 0 : changes->second;
  }

  static bool IsSame(const KnownNamespace& old, const KnownNamespace& asked) {
    return asked.pod_changes != 0 && old.pod_changes == asked.pod_changes && old.sealed == asked.sealed &&
           old.sessions == asked.sessions && old.collectors == asked.collectors;
  }

  const store::Snapshot& snapshot_;
  const Settings& settings_;
  const Collectors& collectors_;
  const Memo::Known& known_;
  std::vector<const KnownSelecting*> selecting_;  // as active
};

// Says to each session what became of the pods that it selects.
void TellSessions(const std::vector<Selection>& selections, const std::vector<ActiveSession>& active) {
  std::map<std::uint32_t, std::uint32_t> ties;  // later, first
  for (const auto& [selected, sessions] : selections) {
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      std::vector<SourceVerdict>& sources = active[sessions[i]].verdict->sources;
      sources.insert(sources.end(), selected->verdicts[i].begin(), selected->verdicts[i].end());
    }
    for (const auto& [later, first] : selected->ties) {
      const auto [known, is_new] = ties.emplace(sessions[later], sessions[first]);
      if (!is_new) known->second = std::min(known->second, sessions[first]);
    }
  }
  for (const auto& [later, first] : ties) active[later].verdict->accepted = Tie(active[later], active[first]);
}

// Replaces what is known of namespaces. What it replaces stays in `replaced`, as nodes still point there.
std::vector<Selection> SelectAll(const Selector& selector, const std::vector<std::vector<std::uint32_t>>& grouped,
                                 Memo::Known& known, std::map<std::string, KnownNamespace>& replaced) {
  std::vector<Selection> selections;
  std::map<std::string, KnownNamespace> learned;
  for (std::size_t i = 0; i < grouped.size(); ++i) {
    if (grouped[i].empty()) continue;
    const Namespace& ns = known.namespaces.all()[i];
    KnownNamespace answer = selector.Select(ns, grouped[i]);
    selections.push_back({answer.selected, grouped[i]});
    learned.emplace_hint(learned.end(), ns.name, std::move(answer));
  }
  replaced = std::exchange(known.selections, std::move(learned));
  return selections;
}

void LearnNodes(const std::vector<Selection>& selections, Parts parts, Memo::Known& known) {
  const bool same_parts = parts == known.parts;
  known.parts = std::move(parts);
  known.nodes = Place(selections, known.parts, known.nodes, same_parts);
}

}  // namespace

std::vector<IpAddress> Settings::DefaultNodeLocalDns() { return {IpAddress::V4({169, 254, 20, 10})}; }

Memo::Memo() : known_(std::make_unique<Known>()) {}
Memo::~Memo() = default;

Compiled Compile(const store::Snapshot& snapshot, const Settings& settings, Memo& memo) {
  Memo::Known& known = memo.known();
  if (known.settings != settings) known = {};
  known.settings = settings;
  Compiled out;
  Verdicts& verdicts = out.verdicts;
  const SlicesByService slices = IndexSlices(snapshot.endpoint_slices);

  LearnNamespaces(snapshot, settings, known);
  verdicts.filters = JudgeFilters(snapshot);
  verdicts.targets = ResolveTargets(snapshot, slices, settings);
  JudgeSessions(snapshot, known.namespaces, known.reaches, verdicts);
  AllotVnis(snapshot, verdicts.sessions);
  JudgeActivity(snapshot, verdicts.sessions);

  const std::vector<ActiveSession> active = ListActive(snapshot, settings, verdicts.sessions);
  LearnSelecting(active, known);
  const Collectors collectors = FindCollectors(active, verdicts);
  std::map<std::string, KnownNamespace> replaced;
  const std::vector<Selection> selections = SelectAll(Selector(snapshot, settings, active, collectors, known),
                                                      GroupByNamespace(active, known), known, replaced);
  TellSessions(selections, active);

  LearnNodes(selections, MakeParts(active, verdicts, FindClusterDns(snapshot, slices, settings)), known);
  for (const auto& [node, placed] : known.nodes) out.states.emplace_hint(out.states.end(), node, placed.state);
  out.next_change = NextExpiry(snapshot);
  return out;
}

Compiled Compile(const store::Snapshot& snapshot, const Settings& settings) {
  Memo memo;
  return Compile(snapshot, settings, memo);
}

}  // namespace podmirror::compile
