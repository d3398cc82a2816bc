// What is worth an Event. Pure: it compares what it is given with what it has told already.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "operator/app/debounce.h"
#include "operator/compile/verdicts.h"
#include "operator/kube/recorder.h"
#include "operator/kube/reflector.h"
#include "operator/status/reduce.h"
#include "operator/store/snapshot.h"

namespace podmirror::app {

// Conditions that turn False (Warning), and Programmed (Normal), on the object itself. What only follows from
// something else that is told (Programmed=False, NotResolved) is not told again, and a pod that is about to be
// programmed is given `kPatience` before it counts as trouble.
class ConditionNotices {
 public:
  static constexpr std::chrono::seconds kPatience{5};

  // Objects that have a status when we first see them are taken as told. `unsure`: sessions not to be looked at yet.
  std::vector<kube::Event> Update(const status::Status& status, const std::set<ObjectKey>& unsure,
                                  const store::Snapshot& snapshot, Clock::time_point now);
  std::optional<Clock::time_point> due() const;
  void StartAnew() { *this = {}; }

 private:
  using Key = std::tuple<kube::Kind, ObjectKey, std::string>;  // with the condition's type
  struct Told {
    bool status = false;
    std::string reason;

    bool operator==(const Told&) const = default;
  };
  struct Subject;

  void Look(const Subject& subject, const std::vector<status::Condition>& conditions, Clock::time_point now,
            std::vector<kube::Event>& events);

  std::set<std::pair<kube::Kind, ObjectKey>> seen_;
  std::map<Key, Told> told_;
  std::map<Key, Clock::time_point> waiting_;  // since when
};

// Events on source pods, in their namespace, when a session of another namespace starts and stops mirroring them: at
// most kPerMinute per session, namespace and minute, then one that counts the rest.
class ForeignNotices {
 public:
  static constexpr int kPerMinute = 20;
  static constexpr std::chrono::minutes kWindow{1};

  std::vector<kube::Event> Update(const compile::Verdicts& verdicts, const store::Snapshot& snapshot,
                                  Clock::time_point now);
  // The rest of minutes that are over.
  std::vector<kube::Event> Pass(Clock::time_point now);
  std::optional<Clock::time_point> due() const;
  void StartAnew() { *this = {}; }

 private:
  struct Tap {
    ObjectKey session;
    ObjectKey pod;

    auto operator<=>(const Tap&) const = default;
  };
  struct Minute {
    Clock::time_point since;
    int told = 0;
    int held_back = 0;
    kube::Event last;
  };

  void Tell(const Tap& tap, kube::Event event, Clock::time_point now, std::vector<kube::Event>& events);

  bool begun_ = false;
  std::map<Tap, std::string> taps_;  // with the pod's UID
  std::map<std::pair<ObjectKey, std::string>, Minute> minutes_;
};

// A filter or target is deleted that sessions use; nullopt: none does.
std::optional<kube::Event> NoticeOfDeletion(kube::Kind kind, const api::Meta& meta, const store::Snapshot& snapshot,
                                            const compile::Verdicts& verdicts);

}  // namespace podmirror::app
