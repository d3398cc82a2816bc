#include "cli/local.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/documents.h"
#include "cli/folder.h"
#include "cli/log.h"
#include "cli/places.h"
#include "cli/presence.h"
#include "cli/report.h"
#include "cli/table.h"
#include "node-agent/app/agent.h"
#include "node-agent/app/clock.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/pods/local.h"
#include "node-agent/routes/routes.h"
#include "operator/compile/compile.h"
#include "operator/status/reduce.h"
#include "operator/store/store.h"

namespace podmirror::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kCoalesce{50};  // changes of files that come together
constexpr milliseconds kResync{2000};  // look at everything again
constexpr milliseconds kRetry{200};    // the same while something is not programmed and `ready` not said
constexpr milliseconds kReadyAtMost{3000};

Instant Now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

// SIGTERM and SIGINT as something to poll.
int SignalDescriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

std::string Count(int number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

class Local {
 public:
  explicit Local(const LocalOptions& options) : options_(options), documents_(Documents::OtherPods::kElsewhere) {}
  ~Local() {
    if (signals_ >= 0) close(signals_);
  }
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;

  int Run() {
    start_ = Clock::now();
    signals_ = SignalDescriptor();
    const Result<void> opened = Open();
    if (!opened.has_value()) {
      Say(opened.error());
      return kExitFailed;
    }
    for (;;) {
      Advance();
      if (base_missing_) return kExitFailed;
      if (ready_ && options_.once) {
        std::fputs(VerdictTable(status_).c_str(), stdout);
        return kExitDone;
      }
      if (Wait()) break;
    }
    Say(Level::kInfo, "stopped; what is programmed goes on mirroring; `podmirror cleanup` removes it");
    return kExitDone;
  }

 private:
  Result<void> Open();
  void Advance();
  bool Wait();
  milliseconds TimeToWait() const;
  void ReadFolder();
  void Compile();
  void Reconcile();
  void SayErrors(const std::vector<Error>& errors);
  void SayIfReady();
  void Publish();
  template <typename T>
  bool Check(const std::string& what, const Result<T>& result);

  const LocalOptions& options_;
  int signals_ = -1;
  const Presence presence_;
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<dataplane::Dataplane> dataplane_;
  std::unique_ptr<routes::Routes> routes_;
  std::unique_ptr<pods::LocalPods> pods_;
  std::optional<agent::Agent> agent_;

  Documents documents_;
  store::Store store_;
  compile::Compiled compiled_;
  DesiredState desired_;
  status::Status status_;
  std::map<std::string, Line> said_;
  std::map<std::string, std::string> complaints_;  // of this process about itself, by what failed

  std::set<std::string> kernel_errors_;

  Clock::time_point start_;
  Clock::time_point resync_due_;
  std::optional<Clock::time_point> folder_due_;
  bool must_compile_ = true;
  bool must_reconcile_ = false;
  bool unsettled_ = false;  // a file is being written
  bool settled_ = false;    // all is programmed, and no next hop is pending
  int writes_ = 0;          // ops that were applied
  bool ready_ = false;
  bool base_missing_ = false;
};

Result<void> Local::Open() {
  Result<std::unique_ptr<Folder>> folder = Folder::Open(options_.folder);
  if (!folder.has_value()) return std::unexpected(folder.error());
  folder_ = std::move(*folder);
  // Before the kernel is asked, so that what is wrong with the files is said in any case.
  ReadFolder();

  Result<std::unique_ptr<dataplane::Dataplane>> dataplane = dataplane::OpenKernel(options_.bpffs);
  if (!dataplane.has_value()) return std::unexpected(dataplane.error());
  dataplane_ = std::move(*dataplane);
  Result<std::unique_ptr<routes::Routes>> routes = routes::Routes::Open();
  if (!routes.has_value()) return std::unexpected(routes.error());
  routes_ = std::move(*routes);
  Result<std::unique_ptr<pods::LocalPods>> pods = pods::LocalPods::Open();
  if (!pods.has_value()) return std::unexpected(pods.error());
  pods_ = std::move(*pods);

  if (!presence_.is_alone()) {
    Say(Level::kWarning, "another `podmirror local` runs on this host: each undoes what the other does; stop one");
  }
  plan::Settings settings = options_.plan;
  settings.tai_minus_utc_ns = agent::TaiMinusUtc();
  agent_.emplace(*dataplane_, *routes_, settings);
  resync_due_ = Clock::now() + kResync;
  return {};
}

// Everything that is due.
void Local::Advance() {
  const Clock::time_point now = Clock::now();
  const bool resync = now >= resync_due_;
  if (resync || (folder_due_.has_value() && now >= *folder_due_)) ReadFolder();
  // At a resync too: the clock may have been set back.
  if (resync || (compiled_.next_change.has_value() && Now() >= *compiled_.next_change)) must_compile_ = true;
  if (must_compile_) Compile();
  if (must_reconcile_) Reconcile();
  SayIfReady();
}

// True where the command shall end.
bool Local::Wait() {
  std::array<pollfd, 4> fds = {
      {{signals_, POLLIN, 0}, {folder_->fd(), POLLIN, 0}, {pods_->fd(), POLLIN, 0}, {routes_->fd(), POLLIN, 0}}};
  if (poll(fds.data(), fds.size(), static_cast<int>(TimeToWait().count())) <= 0) return false;
  if (fds[0].revents != 0) return true;
  if (fds[1].revents != 0 && folder_->Drain() && !folder_due_.has_value()) folder_due_ = Clock::now() + kCoalesce;
  if (fds[2].revents != 0) {
    const Result<bool> changed = pods_->Process();
    if (Check("pods", changed) && *changed) must_reconcile_ = true;
  }
  if (fds[3].revents != 0) {
    const Result<bool> changed = routes_->Process();
    if (Check("routes", changed) && *changed) must_reconcile_ = true;
  }
  return false;
}

milliseconds Local::TimeToWait() const {
  Clock::time_point due = resync_due_;
  if (folder_due_.has_value()) due = std::min(due, *folder_due_);
  if (!ready_) due = std::min(due, start_ + kReadyAtMost);
  milliseconds wait = std::chrono::ceil<milliseconds>(due - Clock::now());
  if (compiled_.next_change.has_value()) wait = std::min(wait, *compiled_.next_change - Now());
  return std::max(wait, milliseconds(0));
}

void Local::ReadFolder() {
  folder_due_.reset();
  const Result<FolderContent> content = folder_->Read();
  if (!Check("folder", content)) return;
  unsettled_ =
      std::ranges::any_of(*content, [](const auto& file) { return std::holds_alternative<Unsettled>(file.second); });
  if (unsettled_) folder_due_ = Clock::now() + kCoalesce;

  Change change = documents_.Apply(*content);
  for (const std::string& warning : change.warnings) Say(Level::kWarning, warning);
  for (const Error& error : change.errors) Say(error);
  for (const ObjectId& id : change.removed) store_.Remove(id.first, id.second);
  must_compile_ = must_compile_ || !change.put.empty() || !change.removed.empty();
  for (store::AnyObject& object : change.put) store_.Put(std::move(object));
}

void Local::Compile() {
  must_compile_ = false;
  compiled_ = compile::Compile(store_.Snapshot(Now()), options_.compile);
  const auto state = compiled_.states.find(std::string(kLocalNode));
  desired_ = state == compiled_.states.end() ? DesiredState{} : *state->second;
  pods_->Follow(documents_.places());
  must_reconcile_ = true;
}

void Local::Reconcile() {
  must_reconcile_ = false;
  // Nothing to read at the first time.
  const dataplane::Counters counters = dataplane::ReadCounters(options_.bpffs).value_or(dataplane::Counters{});
  const agent::Outcome outcome = agent_->Reconcile(desired_, pods_->Current(), counters);
  settled_ = outcome.failures == 0 && agent::Agent::Settled(outcome.report);
  writes_ += outcome.writes;
  SayErrors(outcome.errors);
  if (outcome.failures > 0) {
    const Result<plan::Observed> observed = dataplane_->Observe();
    base_missing_ = !ready_ && (!observed.has_value() || !observed->base);
  }
  resync_due_ = Clock::now() + (outcome.failures > 0 && !ready_ ? kRetry : kResync);

  const status::NodeState node{outcome.report, true, std::make_shared<const DesiredState>(desired_)};
  status_ = status::Reduce(compiled_, {{std::string(kLocalNode), node}});
  // Whoever reads a line finds in `status` what it says.
  Publish();
  std::map<std::string, Line> lines = Lines(status_);
  for (const Line& line : Changes(said_, lines)) Say(line.level, line.text);
  said_ = std::move(lines);
}

// Each once, until it has been absent.
void Local::SayErrors(const std::vector<Error>& errors) {
  std::set<std::string> texts;
  for (const Error& error : errors) {
    const std::string text = Describe(error);
    if (texts.insert(text).second && !kernel_errors_.contains(text)) Say(Level::kError, text);
  }
  kernel_errors_ = std::move(texts);
}

void Local::SayIfReady() {
  if (ready_ || base_missing_) return;
  if ((settled_ && !unsettled_) || Clock::now() >= start_ + kReadyAtMost) {
    ready_ = true;
    Say(Level::kInfo, writes_ == 0 ? "nothing was changed in the kernel" : Count(writes_, "change") + " in the kernel");
    SayPlain("ready");
  }
}

// Written only where it differs from what lies there: somebody may have removed it, or an equal one of an earlier
// process may be there.
void Local::Publish() {
  const std::string text = Encode(MakeReport(status_, desired_, pods_->Current()));
  const Result<std::string> published = dataplane::ReadReport(options_.bpffs);
  if (published.has_value() && *published == text) return;
  Check("report", dataplane::WriteReport(options_.bpffs, text));
}

// Says a failure of ours once, and again when it has changed or come back.
template <typename T>
bool Local::Check(const std::string& what, const Result<T>& result) {
  if (result.has_value()) {
    complaints_.erase(what);
    return true;
  }
  const std::string text = Describe(result.error());
  if (complaints_[what] != text) Say(Level::kError, text);
  complaints_[what] = text;
  return false;
}

}  // namespace

int RunLocal(const LocalOptions& options) { return Local(options).Run(); }

}  // namespace podmirror::cli
