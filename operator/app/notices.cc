#include "operator/app/notices.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "contract/reasons.h"

namespace podmirror::app {
namespace {

constexpr std::string_view kOurs = "podmirror.io/v1alpha1";
constexpr std::size_t kNamedSessions = 10;

std::string_view Word(kube::Kind kind) {
  if (kind == kube::Kind::kFilter) return "TrafficMirrorFilter";
  return kind == kube::Kind::kTarget ? "TrafficMirrorTarget" : "TrafficMirrorSession";
}

kube::ObjectReference Refer(kube::Kind kind, const api::Meta& meta) {
  return {std::string(kOurs), std::string(Word(kind)), meta.key, meta.uid};
}

bool IsIn(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// Mends itself in a moment as a rule.
bool MayPass(const status::Condition& condition) {
  return IsIn(condition.reason, {reason::kPartlyProgrammed, reason::kNodeUnreachable});
}

bool IsWorthTelling(const status::Condition& condition) {
  if (condition.status) return condition.type == "Programmed";
  // The target says so itself; the other follows from a condition that is told.
  return condition.type != "TargetReady" && condition.reason != reason::kNotResolved;
}

// What its users did on purpose.
bool IsWanted(const status::Condition& condition) {
  return condition.status || IsIn(condition.reason, {reason::kPaused, reason::kExpired});
}

}  // namespace

struct ConditionNotices::Subject {
  kube::Kind kind;
  const api::Meta* meta;
  bool is_old;  // had a status when we first saw it, which is now
};

void ConditionNotices::Look(const Subject& subject, const std::vector<status::Condition>& conditions,
                            Clock::time_point now, std::vector<kube::Event>& events) {
  for (const status::Condition& condition : conditions) {
    const Key key{subject.kind, subject.meta->key, condition.type};
    const Told current{condition.status, condition.reason};
    const auto told = told_.find(key);
    if (told != told_.end() && told->second == current) {
      waiting_.erase(key);
      continue;
    }
    if (!subject.is_old && !condition.status && MayPass(condition)) {
      const auto since = waiting_.try_emplace(key, now).first->second;
      if (now - since < kPatience) continue;
    }
    waiting_.erase(key);
    told_.insert_or_assign(key, current);
    if (subject.is_old || !IsWorthTelling(condition)) continue;
    events.push_back({Refer(subject.kind, *subject.meta),
                      {},
                      !IsWanted(condition),
                      condition.reason,
                      "Mirror",
                      condition.message.empty() ? condition.reason : condition.message});
  }
}

std::vector<kube::Event> ConditionNotices::Update(const status::Status& status, const std::set<ObjectKey>& unsure,
                                                  const store::Snapshot& snapshot, Clock::time_point now) {
  std::vector<kube::Event> events;
  std::set<std::pair<kube::Kind, ObjectKey>> there;
  const auto look = [&](kube::Kind kind, const auto& statuses, const auto& objects) {
    for (const auto& [key, reduced] : statuses) {
      const auto object = objects.find(key);
      if (object == objects.end()) continue;
      there.insert({kind, key});
      if (kind == kube::Kind::kSession && unsure.contains(key)) continue;
      const bool is_old = seen_.insert({kind, key}).second && !object->second.status.empty();
      Look({kind, &object->second.meta, is_old}, reduced.conditions, now, events);
    }
  };
  look(kube::Kind::kFilter, status.filters, snapshot.filters);
  look(kube::Kind::kTarget, status.targets, snapshot.targets);
  look(kube::Kind::kSession, status.sessions, snapshot.sessions);
  const auto is_gone = [&there](const auto& item) {
    return !there.contains({std::get<0>(item.first), std::get<1>(item.first)});
  };
  std::erase_if(told_, is_gone);
  std::erase_if(waiting_, is_gone);
  std::erase_if(seen_, [&there](const auto& key) { return !there.contains(key); });
  return events;
}

std::optional<Clock::time_point> ConditionNotices::due() const {
  std::optional<Clock::time_point> first;
  for (const auto& [key, since] : waiting_) first = std::min(first.value_or(since + kPatience), since + kPatience);
  return first;
}

void ForeignNotices::Tell(const Tap& tap, kube::Event event, Clock::time_point now, std::vector<kube::Event>& events) {
  Minute& minute = minutes_.try_emplace({tap.session, tap.pod.ns}, Minute{now, 0, 0, {}}).first->second;
  if (minute.told < kPerMinute) {
    ++minute.told;
    events.push_back(std::move(event));
  } else {
    ++minute.held_back;
    minute.last = std::move(event);
  }
}

std::vector<kube::Event> ForeignNotices::Update(const compile::Verdicts& verdicts, const store::Snapshot& snapshot,
                                                Clock::time_point now) {
  std::vector<kube::Event> events = Pass(now);
  std::map<Tap, std::string> taps;
  for (const auto& [session, verdict] : verdicts.sessions) {
    if (!verdict.active.ok) continue;
    for (const auto& source : verdict.sources) {
      if (source.pod.ns == session.ns || !source.reason.empty()) continue;
      const auto pod = snapshot.pods.find(source.pod);
      if (pod != snapshot.pods.end()) taps[{session, source.pod}] = pod->second.meta.uid;
    }
  }
  const auto about = [&](const Tap& tap, const std::string& uid, bool starts) {
    kube::ObjectReference session{std::string(kOurs), "TrafficMirrorSession", tap.session, ""};
    if (const auto found = snapshot.sessions.find(tap.session); found != snapshot.sessions.end()) {
      session.uid = found->second.meta.uid;
    }
    const std::string what = "session " + tap.session.ToString() + " of another namespace ";
    return kube::Event{{"v1", "Pod", tap.pod, uid},
                       std::move(session),
                       false,
                       starts ? "MirroringStarted" : "MirroringStopped",
                       "Mirror",
                       what + (starts ? "mirrors this pod's packets" : "no longer mirrors this pod's packets")};
  };
  for (const auto& [tap, uid] : taps_) {
    const auto still = taps.find(tap);
    if (still != taps.end() && still->second == uid) continue;
    const auto pod = snapshot.pods.find(tap.pod);
    const bool pod_is_there = pod != snapshot.pods.end() && pod->second.meta.uid == uid;
    if (pod_is_there) Tell(tap, about(tap, uid, false), now, events);
  }
  for (const auto& [tap, uid] : taps) {
    const auto before = taps_.find(tap);
    const bool is_new = before == taps_.end() || before->second != uid;
    if (is_new && begun_) Tell(tap, about(tap, uid, true), now, events);
  }
  taps_ = std::move(taps);
  begun_ = true;
  return events;
}

std::vector<kube::Event> ForeignNotices::Pass(Clock::time_point now) {
  std::vector<kube::Event> events;
  std::erase_if(minutes_, [&](auto& item) {
    auto& [key, minute] = item;
    if (now - minute.since < kWindow) return false;
    if (minute.held_back > 0) {
      kube::Event rest = std::move(minute.last);
      rest.note = "and " + std::to_string(minute.held_back) + " more: pods of namespace " + key.second +
                  " that session " + key.first.ToString() + " started or stopped mirroring within a minute";
      events.push_back(std::move(rest));
    }
    return true;
  });
  return events;
}

std::optional<Clock::time_point> ForeignNotices::due() const {
  std::optional<Clock::time_point> first;
  for (const auto& [key, minute] : minutes_) {
    if (minute.held_back > 0) first = std::min(first.value_or(minute.since + kWindow), minute.since + kWindow);
  }
  return first;
}

std::optional<kube::Event> NoticeOfDeletion(kube::Kind kind, const api::Meta& meta, const store::Snapshot& snapshot,
                                            const compile::Verdicts& verdicts) {
  std::vector<std::string> users;
  for (const auto& [key, session] : snapshot.sessions) {
    if (kind == kube::Kind::kFilter) {
      if (session.spec && key.ns == meta.key.ns && session.spec->filter == meta.key.name)
        users.push_back(key.ToString());
    } else if (const auto verdict = verdicts.sessions.find(key); verdict != verdicts.sessions.end()) {
      if (session.spec && verdict->second.target == meta.key) users.push_back(key.ToString());
    }
  }
  if (users.empty()) return std::nullopt;
  const bool is_filter = kind == kube::Kind::kFilter;
  std::string note = std::string(is_filter ? "filter " : "target ") + meta.key.ToString() +
                     " is deleted while in use; these sessions mirror nothing: ";
  for (std::size_t i = 0; i < std::min(users.size(), kNamedSessions); ++i) note += (i > 0 ? ", " : "") + users[i];
  if (users.size() > kNamedSessions) note += " and " + std::to_string(users.size() - kNamedSessions) + " more";
  return kube::Event{
      Refer(kind, meta), {}, true, std::string(is_filter ? reason::kFilterNotFound : reason::kTargetNotFound), "Mirror",
      std::move(note)};
}

}  // namespace podmirror::app
