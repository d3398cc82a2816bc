#include "operator/status/writer.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "operator/status/difference.h"

namespace podmirror::status {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;
using Key = std::pair<kube::Kind, ObjectKey>;

constexpr int kSchemaTries = 8;  // a server may name one missing field at a time

std::string_view KindWord(kube::Kind kind) {
  if (kind == kube::Kind::kFilter) return "TrafficMirrorFilter";
  return kind == kube::Kind::kTarget ? "TrafficMirrorTarget" : "TrafficMirrorSession";
}

std::string_view Plural(kube::Kind kind) {
  if (kind == kube::Kind::kFilter) return "trafficmirrorfilters";
  return kind == kube::Kind::kTarget ? "trafficmirrortargets" : "trafficmirrorsessions";
}

std::string PathOf(const Key& key) {
  return "/apis/podmirror.io/v1alpha1/namespaces/" + key.second.ns + "/" + std::string(Plural(key.first)) + "/" +
         key.second.name + "/status";
}

std::string BodyOf(const Key& key, const std::string& status) {
  return R"({"apiVersion":"podmirror.io/v1alpha1","kind":")" + std::string(KindWord(key.first)) +
         R"(","metadata":{"name":")" + key.second.name + R"(","namespace":")" + key.second.ns + R"("},"status":)" +
         status + "}";
}

// The status in an answer, as canonical JSON; empty where there is none.
std::string StatusIn(const std::string& answer) {
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("status")) return "";
  return json["status"].dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool SameJson(const std::string& a, const std::string& b) {
  return a == b || Json::parse(a, nullptr, false) == Json::parse(b, nullptr, false);
}

// What the last write of an object left behind. Watched objects lag behind our writes: until the echo of the last one
// has come, what the server answered is nearer to the truth than what was watched.
struct Written {
  std::string wanted;
  std::string answered;               // the status as the server had it after the write
  std::vector<std::string> outdated;  // watched states that are older than `answered`

  const std::string& Truth(const std::string& known) const {
    return std::ranges::find(outdated, known) == outdated.end() ? known : answered;
  }
};

struct Entry {
  Wanted wanted;
  bool waiting = false;
  Clock::time_point not_before;
  std::chrono::milliseconds pause{0};  // after a failure that may pass
  std::string complaint;               // what was said of it last
  std::optional<Written> written;
};

class WriterThread final : public Writer {
 public:
  WriterThread(std::shared_ptr<kube::Client> client, WriterSettings settings, std::function<void(const Error&)> failed)
      : client_(std::move(client)), settings_(settings), failed_(std::move(failed)), thread_([this] { Run(); }) {}

  ~WriterThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  void Submit(Wanted wanted) override {
    const std::lock_guard lock(mutex_);
    const Key key{wanted.kind, wanted.key};
    Entry& entry = entries_[key];
    entry.wanted = std::move(wanted);
    if (entry.waiting) return;
    Enqueue(key, entry, entry.not_before);
    changed_.notify_all();
  }

  void Forget(kube::Kind kind, const ObjectKey& object) override {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find({kind, object});
    if (found == entries_.end()) return;
    if (found->second.waiting) std::erase_if(queue_, [&](const auto& item) { return item.second == found->first; });
    entries_.erase(found);
  }

 private:
  enum class End : std::uint8_t { kNothingToDo, kWritten, kGone, kRefused, kLater };
  struct Outcome {
    End end = End::kNothingToDo;
    std::string answered;
    std::optional<Error> error;
  };

  void Enqueue(const Key& key, Entry& entry, Clock::time_point when) {
    entry.waiting = true;
    queue_.insert({when, key});
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (queue_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto [due, key] = *queue_.begin();
      if (due > Clock::now()) {
        changed_.wait_until(lock, due);
        continue;
      }
      queue_.erase(queue_.begin());
      Entry& entry = entries_.at(key);
      entry.waiting = false;
      const Wanted wanted = entry.wanted;
      const std::optional<Written> before = entry.written;
      lock.unlock();
      Outcome outcome = Write(key, wanted, before);
      lock.lock();
      std::optional<Error> say = Settle(key, wanted, outcome);
      if (!say) continue;
      lock.unlock();
      failed_(*say);
      lock.lock();
    }
  }

  Outcome Write(const Key& key, const Wanted& wanted, const std::optional<Written>& before) {
    const std::string known = before ? before->Truth(wanted.known) : wanted.known;
    for (int i = 0; i < kSchemaTries; ++i) {
      const std::string fitting = Fit(key.first, wanted.wanted);
      // What an equal write did not change (a field that somebody else holds) the next one will not change either.
      if (before && before->wanted == fitting && SameJson(before->answered, known)) return {};
      const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
      const std::optional<std::string> status = Difference(known, fitting, now);
      if (!status) return {};
      const auto answer = client_->Apply(PathOf(key), BodyOf(key, *status));
      if (answer) return {End::kWritten, StatusIn(*answer), std::nullopt};
      const std::set<std::string> lacking = UndeclaredFields(answer.error().message);
      if (answer.error().status != 500 || lacking.empty()) return Judge(key, answer.error());
      LeaveOut(key.first, lacking);
    }
    return {End::kRefused, "", Error{"its CRD lacks too many fields of the status", Where(key), "upgrade the CRDs"}};
  }

  Outcome Judge(const Key& key, const kube::ApiError& error) {
    if (error.reason == "NotLeading") return {};  // whoever leads writes; when we do, it is submitted again
    if (error.status == 404) return {End::kGone, "", std::nullopt};
    const bool refused = error.status >= 400 && error.status < 500 && error.status != 409 && error.status != 429 &&
                         error.status != 401 && error.status != 403;
    return {refused ? End::kRefused : End::kLater, "", error.ToError(Where(key))};
  }

  static std::string Where(const Key& key) {
    return std::string(KindWord(key.first)) + " " + key.second.ToString() + ", status";
  }

  // ---- The fields that an older CRD lacks

  std::string Fit(kube::Kind kind, const std::string& wanted) {
    const auto found = lacking_.find(kind);
    if (found == lacking_.end()) return wanted;
    if (Clock::now() >= found->second.until) {
      lacking_.erase(found);  // the CRD may have been upgraded
      return wanted;
    }
    return Without(wanted, found->second.fields);
  }

  void LeaveOut(kube::Kind kind, const std::set<std::string>& fields) {
    Lacking& lacking = lacking_[kind];
    lacking.until = Clock::now() + settings_.older_schema;
    std::string news;
    for (const std::string& field : fields) {
      if (lacking.fields.insert(field).second) news += (news.empty() ? "" : ", ") + field;
    }
    if (news.empty()) return;
    failed_(Error{
        "the CRD in the cluster is older than this operator and lacks " + news + "; the rest of the status is written",
        std::string(Plural(kind)) + ".podmirror.io", "apply the CRDs of this version"});
  }

  // ---- With the lock held

  // What is to be said of it, if anything.
  std::optional<Error> Settle(const Key& key, const Wanted& wanted, Outcome& outcome) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;  // forgotten meanwhile
    Entry& entry = found->second;
    if (outcome.end != End::kLater) entry.pause = std::chrono::milliseconds(0);
    if (outcome.end == End::kWritten) Remember(entry, wanted, std::move(outcome.answered), key.first);
    // The echo of our write has come: from here on what is watched is the truth, whatever it says.
    if (entry.written && SameJson(entry.written->answered, wanted.known)) entry.written->outdated.clear();
    if (outcome.end != End::kNothingToDo) entry.not_before = Clock::now() + settings_.interval;
    if (outcome.end == End::kLater) {
      entry.pause = std::clamp(entry.pause * 2, settings_.interval, settings_.longest_pause);
      entry.not_before = Clock::now() + entry.pause;
      if (!entry.waiting) Enqueue(key, entry, entry.not_before);
    } else if (entry.waiting) {
      // Came while we wrote: not at once again.
      std::erase_if(queue_, [&key](const auto& item) { return item.second == key; });
      Enqueue(key, entry, entry.not_before);
    }
    std::string complaint = outcome.error ? Describe(*outcome.error) : "";
    const bool said = complaint.empty() || complaint == entry.complaint;
    if (outcome.end != End::kNothingToDo) entry.complaint = std::move(complaint);
    return said ? std::nullopt : outcome.error;
  }

  void Remember(Entry& entry, const Wanted& wanted, std::string answered, kube::Kind kind) {
    static constexpr std::size_t kOutdated = 8;
    Written written{Fit(kind, wanted.wanted), std::move(answered), {}};
    if (entry.written && entry.written->Truth(wanted.known) != wanted.known) {
      written.outdated = std::move(entry.written->outdated);
      written.outdated.push_back(std::move(entry.written->answered));
      if (written.outdated.size() > kOutdated) written.outdated.erase(written.outdated.begin());
    } else {
      written.outdated.push_back(wanted.known);
    }
    entry.written = std::move(written);
  }

  struct Lacking {
    std::set<std::string> fields;
    Clock::time_point until;
  };

  std::shared_ptr<kube::Client> client_;
  const WriterSettings settings_;
  std::function<void(const Error&)> failed_;
  std::map<kube::Kind, Lacking> lacking_;  // the thread's own

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Entry> entries_;
  std::set<std::pair<Clock::time_point, Key>> queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it runs on all of the above
};

}  // namespace

std::unique_ptr<Writer> Writer::Start(std::shared_ptr<kube::Client> client, WriterSettings settings,
                                      std::function<void(const Error&)> failed) {
  return std::make_unique<WriterThread>(std::move(client), settings, std::move(failed));
}

}  // namespace podmirror::status
