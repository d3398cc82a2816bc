// The one thread that decides: watched objects and reports in; states, statuses and events out. It is told everything,
// the time included, and does nothing but call `Outputs`: so a test can be its world.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/messages.h"
#include "operator/app/debounce.h"
#include "operator/app/in_sync.h"
#include "operator/app/notices.h"
#include "operator/app/publications.h"
#include "operator/compile/compile.h"
#include "operator/kube/recorder.h"
#include "operator/kube/reflector.h"
#include "operator/kube/token_review.h"
#include "operator/metrics/metrics.h"
#include "operator/push/server.h"
#include "operator/status/writer.h"
#include "operator/store/store.h"

namespace podmirror::app {

struct Now {
  Instant wall;
  Clock::time_point steady;
};

// What the brain hears, beside watch events.
struct Reported {
  NodeName node;
  ReportMessage message;
};
struct Connected {
  NodeName node;
  bool is = false;
};
struct Leading {
  std::optional<Epoch> epoch;  // nullopt: not we
};
// A token that the API server vouches for: is it one of our agents'?
struct Question {
  kube::TokenOwner owner;
  Instant expires;
  std::function<void(Result<push::Agent>)> answer;
};
// The server of the stream is there now, and knows nothing yet.
struct Serving {};

using Message = std::variant<kube::WatchEvent, Reported, Connected, Leading, Question, Serving>;

class Outputs {
 public:
  virtual ~Outputs() = default;
  virtual bool MayWrite() = 0;  // do we lead at this very moment?
  virtual void Lead(bool leading) = 0;
  virtual void Publish(const NodeName& node, std::shared_ptr<const std::string> message) = 0;
  virtual void Disconnect(const std::string& pod_uid) = 0;
  virtual void WriteStatus(status::Wanted wanted) = 0;
  virtual void ForgetStatus(kube::Kind kind, const ObjectKey& key) = 0;
  virtual void Record(kube::Event event) = 0;
};

struct BrainSettings {
  compile::Settings compile;
  ObjectKey agent_service_account;
  std::chrono::milliseconds quiet{50};
  std::chrono::milliseconds longest{250};
  std::chrono::seconds unreachable{60};  // without a stream for so long, a node counts as unreachable
};

class Brain {
 public:
  Brain(BrainSettings settings, Outputs& outputs, metrics::Metrics& metrics);

  void Handle(Message message, const Now& now);
  // Does what is due.
  void Run(const Now& now);
  // When Run() must be called although nothing was told.
  Clock::time_point next(const Now& now) const;

  // Why nothing is decided; nullopt: all is well.
  std::optional<Error> Waits(const Now& now) const;

 private:
  struct Node {
    bool connected = false;
    std::optional<Clock::time_point> lost;  // when the last stream closed
    std::optional<ReportMessage> report;
  };

  void On(kube::WatchEvent event, const Now& now);
  void On(Reported reported, const Now& now);
  void On(const Connected& connected, const Now& now);
  void On(const Leading& leading, const Now& now);
  void On(const Question& question, const Now& now);
  void On(Serving, const Now& now);

  void See(kube::Listed listed, const Now& now);
  void See(kube::Put put, const Now& now);
  void See(const kube::Removed& removed, const Now& now);
  void See(const kube::OutOfSync& lost, const Now& now);
  void See(const kube::Unheard& unheard, const Now& now);
  void See(const kube::Unreadable& unreadable, const Now& now);
  void See(const kube::Fresh& fresh, const Now& now);

  void Gone(kube::Kind kind, const store::AnyObject& object);
  void TellSync(const Now& now);
  void Compile(const Now& now);
  void Publish();
  bool MayPublish() const;
  void Send(Post post);
  void WriteStatuses(const Now& now);
  template <typename Statuses, typename Objects>
  void Submit(kube::Kind kind, const Statuses& statuses, const Objects& objects, const std::set<ObjectKey>& kept);
  std::map<NodeName, status::NodeState> NodeStates(const Now& now) const;
  bool MissesNodes() const;
  void ForgetNodes(const Now& now);
  bool KeepsStatus(const ObjectKey& session, const Now& now) const;
  std::set<NodeName> ConnectedNodes() const;

  const BrainSettings settings_;
  Outputs& outputs_;
  metrics::Metrics& metrics_;

  store::Store store_;
  InSync in_sync_;
  bool was_in_sync_ = false;
  Debounce compile_due_;
  Debounce status_due_;
  compile::Memo memo_;
  std::optional<compile::Compiled> compiled_;
  Publications publications_;
  std::map<NodeName, Node> nodes_;
  Clock::time_point forgot_;
  Clock::time_point looked_;  // for nodes that are away
  std::optional<Epoch> epoch_;
  Clock::time_point led_since_;
  std::map<std::pair<kube::Kind, ObjectKey>, std::pair<std::string, std::string>> submitted_;  // known, wanted
  ConditionNotices conditions_;
  ForeignNotices foreign_;
};

}  // namespace podmirror::app
