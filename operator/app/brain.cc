#include "operator/app/brain.h"

#include <algorithm>
#include <type_traits>

#include "operator/app/agents.h"
#include "operator/status/difference.h"
#include "operator/status/render.h"
#include "process/log.h"

namespace podmirror::app {
namespace {

using process::Level;
using process::Log;

constexpr std::chrono::seconds kLookForNodes{1};

// The two rooms number the kinds alike.
static_assert(std::is_same_v<kube::Object, store::AnyObject>);
store::Kind ToStore(kube::Kind kind) { return static_cast<store::Kind>(kind); }

std::string Name(kube::Kind kind) { return std::string(kube::NameOf(kind)); }

bool IsOurs(kube::Kind kind) {
  return kind == kube::Kind::kFilter || kind == kube::Kind::kTarget || kind == kube::Kind::kSession;
}

std::size_t CountOf(const store::Snapshot& s, kube::Kind kind) {
  switch (kind) {
    case kube::Kind::kFilter:
      return s.filters.size();
    case kube::Kind::kTarget:
      return s.targets.size();
    case kube::Kind::kSession:
      return s.sessions.size();
    case kube::Kind::kPod:
      return s.pods.size();
    case kube::Kind::kNamespace:
      return s.namespaces.size();
    case kube::Kind::kService:
      return s.services.size();
    case kube::Kind::kEndpointSlice:
      return s.endpoint_slices.size();
  }
  return 0;
}

}  // namespace

Brain::Brain(BrainSettings settings, Outputs& outputs, metrics::Metrics& metrics)
    : settings_(std::move(settings)),
      outputs_(outputs),
      metrics_(metrics),
      compile_due_(settings_.quiet, settings_.longest),
      status_due_(settings_.quiet, settings_.longest) {
  for (const kube::Kind kind : kube::kAllKinds) metrics_.InSync(Name(kind), false);
}

void Brain::Handle(Message message, const Now& now) {
  std::visit([&](auto&& m) { On(std::forward<decltype(m)>(m), now); }, std::move(message));
}

// ---- What is watched

void Brain::On(kube::WatchEvent event, const Now& now) {
  std::visit([&](auto&& e) { See(std::forward<decltype(e)>(e), now); }, std::move(event));
  TellSync(now);
}

void Brain::See(kube::Listed listed, const Now& now) {
  metrics_.WatchHeard(Name(listed.kind));
  const std::size_t before = CountOf(store_.Snapshot(now.wall), listed.kind);
  const auto replaced = store_.Replace(ToStore(listed.kind), std::move(listed.objects), listed.unreadable);
  in_sync_.Listed(listed.kind, !replaced.gone.empty(), now.steady);
  for (const auto& object : replaced.gone) Gone(listed.kind, object);
  const std::size_t after = CountOf(store_.Snapshot(now.wall), listed.kind);
  Log(Level::kInfo, "listed a kind",
      {{"kind", Name(listed.kind)},
       {"objects", std::uint64_t{after}},
       {"before", std::uint64_t{before}},
       {"unreadable", std::uint64_t{listed.unreadable.size()}}});
  metrics_.InSync(Name(listed.kind), true);
  metrics_.Objects(Name(listed.kind), after);
  compile_due_.Note(now.steady);
}

void Brain::See(kube::Put put, const Now& now) {
  metrics_.WatchHeard(Name(put.kind));
  in_sync_.Heard(put.kind);
  if (const auto* pod = std::get_if<api::Pod>(&put.object)) {
    // A new pod under an old name: the old one is gone, whatever was missed.
    const auto& pods = store_.Snapshot(now.wall).pods;
    const auto old = pods.find(pod->meta.key);
    if (old != pods.end() && old->second.meta.uid != pod->meta.uid) Gone(put.kind, old->second);
  }
  const kube::Kind kind = put.kind;
  if (store_.Put(std::move(put.object))) {
    compile_due_.Note(now.steady);
  } else if (IsOurs(kind)) {
    status_due_.Note(now.steady);
  }
  metrics_.Objects(Name(kind), CountOf(store_.Snapshot(now.wall), kind));
}

void Brain::See(const kube::Removed& removed, const Now& now) {
  metrics_.WatchHeard(Name(removed.kind));
  in_sync_.Heard(removed.kind);
  const auto gone = store_.Take(ToStore(removed.kind), removed.key);
  metrics_.Objects(Name(removed.kind), CountOf(store_.Snapshot(now.wall), removed.kind));
  if (!gone) return;
  Gone(removed.kind, *gone);
  compile_due_.Note(now.steady);
}

void Brain::See(const kube::OutOfSync& lost, const Now&) {
  Log(Level::kError, "a kind cannot be listed; nothing is changed until it can", lost.why, {{"kind", Name(lost.kind)}});
  in_sync_.Lost(lost.kind, lost.why);
  metrics_.InSync(Name(lost.kind), false);
}

void Brain::See(const kube::Unheard& unheard, const Now&) {
  Log(Level::kWarning, "the API server is not heard; nothing is changed until it is", unheard.why,
      {{"kind", Name(unheard.kind)}});
  in_sync_.Unheard(unheard.kind, unheard.why);
  metrics_.InSync(Name(unheard.kind), false);
}

void Brain::See(const kube::Unreadable& unreadable, const Now&) {
  Log(Level::kWarning, "an object cannot be read; what was known of it stays", unreadable.why,
      {{"kind", Name(unreadable.kind)}, {"object", unreadable.key.ToString()}});
  in_sync_.Heard(unreadable.kind);
}

void Brain::See(const kube::Fresh& fresh, const Now&) {
  metrics_.WatchHeard(Name(fresh.kind));
  in_sync_.Heard(fresh.kind);
}

// An object that is in the store no more.
void Brain::Gone(kube::Kind kind, const store::AnyObject& object) {
  if (const auto* pod = std::get_if<api::Pod>(&object)) {
    if (pod->meta.key.ns == settings_.agent_service_account.ns) outputs_.Disconnect(pod->meta.uid);
    return;
  }
  if (!IsOurs(kind)) return;
  const ObjectKey& key = store::KeyOf(object);
  outputs_.ForgetStatus(kind, key);
  submitted_.erase({kind, key});
  if (kind == kube::Kind::kSession || !compiled_ || !epoch_) return;
  const api::Meta& meta = std::visit([](const auto& o) -> const api::Meta& { return o.meta; }, object);
  auto notice = NoticeOfDeletion(kind, meta, store_.Snapshot({}), compiled_->verdicts);
  if (notice) outputs_.Record(*std::move(notice));
}

void Brain::TellSync(const Now& now) {
  const bool is = in_sync_.IsInSync(now.steady);
  if (is == was_in_sync_) return;
  was_in_sync_ = is;
  if (!is) return;
  for (const kube::Kind kind : kube::kAllKinds) metrics_.InSync(Name(kind), true);
  Log(Level::kInfo, "in sync: every watched kind is known");
  compile_due_.Note(now.steady);
}

// ---- What agents and other operators do

void Brain::On(Reported reported, const Now& now) {
  publications_.Applied(reported.node, reported.message.applied);
  nodes_[reported.node].report = std::move(reported.message);
  status_due_.Note(now.steady);
}

void Brain::On(const Connected& connected, const Now& now) {
  Log(Level::kInfo, connected.is ? "an agent has connected" : "an agent has disconnected", {{"node", connected.node}});
  Node& node = nodes_[connected.node];
  node.connected = connected.is;
  if (!connected.is) node.lost = now.steady;
  if (connected.is && compiled_ && in_sync_.IsInSync(now.steady) && MayPublish()) {
    Send(publications_.Greet(connected.node, compiled_->states));
  }
  status_due_.Note(now.steady);
}

void Brain::On(const Leading& leading, const Now& now) {
  Log(Level::kInfo, leading.epoch ? "leading" : "not leading",
      {{"lease_created", leading.epoch ? FormatInstant(leading.epoch->lease_created) : ""},
       {"lease_transitions", leading.epoch ? leading.epoch->lease_transitions : std::int64_t{0}}});
  const bool is_new = leading.epoch && !epoch_;
  epoch_ = leading.epoch;
  metrics_.Leading(epoch_.has_value());
  publications_.Lead(epoch_);
  submitted_.clear();
  if (is_new) {
    led_since_ = now.steady;
    nodes_.clear();
    conditions_.StartAnew();
    foreign_.StartAnew();
  }
  outputs_.Lead(epoch_.has_value());
  if (compiled_ && in_sync_.IsInSync(now.steady)) Publish();
  status_due_.Note(now.steady);
}

void Brain::On(const Question& question, const Now& now) {
  if (!in_sync_.IsListed(kube::Kind::kPod)) {
    question.answer(Fail("this operator does not know the cluster's pods yet", "", "try again in a moment"));
    return;
  }
  question.answer(
      JudgeAgent(question.owner, question.expires, store_.Snapshot(now.wall), settings_.agent_service_account));
}

void Brain::On(Serving, const Now&) {
  outputs_.Lead(epoch_.has_value());
  for (Letter& letter : publications_.All()) outputs_.Publish(letter.node, std::move(letter.message));
}

// ---- What is due

std::optional<Error> Brain::Waits(const Now& now) const {
  if (auto missing = in_sync_.Missing()) return missing;
  if (!in_sync_.IsInSync(now.steady)) {
    return Error{"something is missing in a new list; waiting a moment for what the other kinds say", "", ""};
  }
  return std::nullopt;
}

void Brain::Run(const Now& now) {
  in_sync_.Pass(now.steady);
  TellSync(now);
  if (!in_sync_.IsInSync(now.steady)) return;
  if (compiled_ && compiled_->next_change && *compiled_->next_change <= now.wall) compile_due_.Note(now.steady);
  if (compile_due_.IsDue(now.steady)) {
    compile_due_.Done();
    Compile(now);
  }
  for (auto& event : foreign_.Pass(now.steady)) outputs_.Record(std::move(event));
  if (const auto due = conditions_.due(); due && *due <= now.steady) status_due_.Note(now.steady);
  // Nodes become unreachable by time alone.
  if (epoch_ && compiled_ && now.steady - looked_ >= kLookForNodes && MissesNodes()) {
    looked_ = now.steady;
    status_due_.Note(now.steady);
  }
  if (status_due_.IsDue(now.steady)) {
    status_due_.Done();
    if (compiled_ && epoch_) WriteStatuses(now);
  }
}

Clock::time_point Brain::next(const Now& now) const {
  Clock::time_point first = now.steady + kLookForNodes;
  const auto consider = [&first](std::optional<Clock::time_point> due) {
    first = std::min(first, due.value_or(first));
  };
  if (!in_sync_.IsInSync(now.steady)) {
    consider(in_sync_.due());
    return first;
  }
  consider(compile_due_.due());
  consider(status_due_.due());
  consider(conditions_.due());
  consider(foreign_.due());
  if (compiled_ && compiled_->next_change) consider(now.steady + (*compiled_->next_change - now.wall));
  return first;
}

void Brain::Compile(const Now& now) {
  const auto start = Clock::now();
  compiled_ = compile::Compile(store_.Snapshot(now.wall), settings_.compile, memo_);
  metrics_.Compiled(Clock::now() - start);
  Publish();
  if (epoch_) {
    const auto& snapshot = store_.Snapshot(now.wall);
    for (auto& event : foreign_.Update(compiled_->verdicts, snapshot, now.steady)) outputs_.Record(std::move(event));
  }
  status_due_.Note(now.steady);
}

bool Brain::MayPublish() const { return epoch_ && outputs_.MayWrite(); }

void Brain::Publish() {
  if (MayPublish()) Send(publications_.Update(compiled_->states, ConnectedNodes()));
}

void Brain::Send(Post post) {
  for (Letter& letter : post.letters) outputs_.Publish(letter.node, std::move(letter.message));
  metrics_.Published(post.letters.size());
  for (const TooLarge& state : post.too_large) {
    Log(Level::kError, "a node's state is too large to be sent; it goes on with the last one",
        {{"node", state.node}, {"bytes", std::uint64_t{state.bytes}}});
  }
}

std::set<NodeName> Brain::ConnectedNodes() const {
  std::set<NodeName> connected;
  for (const auto& [name, node] : nodes_) {
    if (node.connected) connected.insert(name);
  }
  return connected;
}

// ---- Statuses

std::map<NodeName, status::NodeState> Brain::NodeStates(const Now& now) const {
  std::map<NodeName, status::NodeState> states;
  for (const auto& [name, node] : nodes_) {
    const bool reachable = node.connected || (node.lost && now.steady - *node.lost < settings_.unreachable);
    if (!node.report && reachable) continue;  // has not reported yet
    states[name] = {node.report ? node.report->report : NodeReport{}, reachable, publications_.AppliedState(name)};
  }
  if (now.steady - led_since_ < settings_.unreachable) return states;
  for (const auto& [name, state] : compiled_->states) states.try_emplace(name, status::NodeState{{}, false, nullptr});
  return states;
}

bool Brain::MissesNodes() const {
  const auto is_away = [this](const NodeName& name) {
    const auto node = nodes_.find(name);
    return node == nodes_.end() || !node->second.connected;
  };
  return std::ranges::any_of(compiled_->states, is_away, [](const auto& item) { return item.first; }) ||
         std::ranges::any_of(nodes_, [](const auto& item) { return !item.second.connected; });
}

// Nodes that are away for long, have nothing to do and hold no pod any more are no nodes of this cluster.
void Brain::ForgetNodes(const Now& now) {
  if (now.steady - forgot_ < settings_.unreachable) return;
  forgot_ = now.steady;
  std::set<NodeName> away;
  for (const auto& [name, node] : nodes_) {
    const bool is_away = !node.connected && (!node.lost || now.steady - *node.lost >= settings_.unreachable);
    if (is_away && !compiled_->states.contains(name)) away.insert(name);
  }
  if (away.empty()) return;
  for (const auto& [key, pod] : store_.Snapshot(now.wall).pods) away.erase(pod.node);
  for (const NodeName& name : away) {
    nodes_.erase(name);
    publications_.Forget(name);
  }
}

// A new leader has not heard every node yet. What its predecessor said of a session with pods there stands until it
// has, or until they count as unreachable.
bool Brain::KeepsStatus(const ObjectKey& session, const Now& now) const {
  if (now.steady - led_since_ >= settings_.unreachable) return false;
  const auto verdict = compiled_->verdicts.sessions.find(session);
  if (verdict == compiled_->verdicts.sessions.end() || !verdict->second.active.ok) return false;
  return std::ranges::any_of(verdict->second.sources, [this](const compile::SourceVerdict& source) {
    const auto node = nodes_.find(source.node);
    return source.reason.empty() && (node == nodes_.end() || !node->second.report);
  });
}

void Brain::WriteStatuses(const Now& now) {
  const auto connected = ConnectedNodes();
  metrics_.AgentsBehind(static_cast<std::size_t>(
      std::ranges::count_if(connected, [this](const NodeName& node) { return publications_.IsBehind(node); })));
  if (!outputs_.MayWrite()) return;
  ForgetNodes(now);
  const auto& snapshot = store_.Snapshot(now.wall);
  const status::Status reduced = status::Reduce(*compiled_, NodeStates(now));
  std::set<ObjectKey> kept;
  for (const auto& [key, session] : snapshot.sessions) {
    const bool was_judged = status::ObservedGeneration(session.status) == session.meta.generation;
    if (was_judged && KeepsStatus(key, now)) kept.insert(key);
  }
  Submit(kube::Kind::kFilter, reduced.filters, snapshot.filters, {});
  Submit(kube::Kind::kTarget, reduced.targets, snapshot.targets, {});
  Submit(kube::Kind::kSession, reduced.sessions, snapshot.sessions, kept);
  for (auto& event : conditions_.Update(reduced, kept, snapshot, now.steady)) outputs_.Record(std::move(event));
}

template <typename Statuses, typename Objects>
void Brain::Submit(kube::Kind kind, const Statuses& statuses, const Objects& objects, const std::set<ObjectKey>& kept) {
  for (const auto& [key, status] : statuses) {
    const auto object = objects.find(key);
    if (object == objects.end() || kept.contains(key)) continue;
    const std::string& known = object->second.status;
    const std::int64_t generation = object->second.meta.generation;
    std::string wanted;
    if constexpr (requires { Render(key, status, generation); }) {
      wanted = Render(key, status, generation);
    } else {
      wanted = Render(status, generation);
    }
    auto& last = submitted_[{kind, key}];
    if (last.first == known && last.second == wanted) continue;
    last = {known, wanted};
    outputs_.WriteStatus({kind, key, known, std::move(wanted)});
  }
}

}  // namespace podmirror::app
