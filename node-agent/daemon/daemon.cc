#include "node-agent/daemon/daemon.h"

#include <poll.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "node-agent/app/agent.h"
#include "node-agent/app/clock.h"
#include "node-agent/daemon/board.h"
#include "node-agent/daemon/inbox.h"
#include "node-agent/daemon/ledger.h"
#include "node-agent/daemon/sample.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/link/link.h"
#include "node-agent/link/state_file.h"
#include "node-agent/pods/node.h"
#include "node-agent/routes/routes.h"
#include "process/endpoint.h"
#include "process/log.h"
#include "process/signals.h"

namespace podmirror::daemon {
namespace {

using process::Level;
using process::Log;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kRetry{1000};       // after a failure
constexpr milliseconds kPatience{60'000};  // then the loop counts as stuck

std::string KernelRelease() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "";
}

std::int64_t Size(const auto& list) { return static_cast<std::int64_t>(list.size()); }

class Daemon {
 public:
  explicit Daemon(const Options& options) : options_(options), board_(kPatience + 2 * options.resync) {
    message_.agent_version = PODMIRROR_VERSION;
    message_.kernel = KernelRelease();
    message_.attach_mode = "tcx";
  }

  int Run() {
    const auto signals = process::Signals::Watch([this] { inbox_.Stop(); });
    if (const Result<void> opened = Open(); !opened.has_value()) {
      Log(Level::kError, "the agent cannot work here", opened.error());
      return kExitFailed;
    }
    Restore();
    StartLink();
    while (!stop_) {
      Advance();
      Wait();
    }
    Log(Level::kInfo, "stopped; what is programmed goes on mirroring");
    return kExitDone;
  }

 private:
  Result<void> Open();
  void Restore();
  void StartLink();
  void Advance();
  void Wait();
  void TakeNews();
  void Take(StateMessage state);
  void Keep();
  void Follow();
  bool PodsAreKnown();
  void Reconcile(bool sample);
  void Sample(const dataplane::Counters& counters);
  void Report(NodeReport report);
  void SayErrors(const std::vector<Error>& errors);
  void Show();

  const Options& options_;
  Inbox inbox_;
  Board board_;
  Ledger ledger_;
  std::unique_ptr<dataplane::Dataplane> dataplane_;
  std::unique_ptr<routes::Routes> routes_;
  std::unique_ptr<pods::NodePods> pods_;
  std::optional<agent::Agent> agent_;
  std::unique_ptr<process::Endpoint> endpoint_;
  std::unique_ptr<link::Link> link_;  // last: it calls into the inbox until it is gone

  metrics::Snapshot snapshot_;
  metrics::Totals totals_;
  std::vector<stats::HookCount> last_counts_;
  Clock::time_point counted_;
  ReportMessage message_;
  bool reported_ = false;
  std::set<std::string> kernel_errors_;
  Clock::time_point resync_due_ = Clock::now();
  bool must_keep_ = false;
  bool must_reconcile_ = false;
  bool applied_once_ = false;
  bool stop_ = false;
};

Result<void> Daemon::Open() {
  auto dataplane = dataplane::OpenKernel(options_.bpffs);
  if (!dataplane.has_value()) return std::unexpected(dataplane.error());
  dataplane_ = std::move(*dataplane);
  auto routes = routes::Routes::Open();
  if (!routes.has_value()) return std::unexpected(routes.error());
  routes_ = std::move(*routes);
  auto pods = pods::NodePods::Open();
  if (!pods.has_value()) return std::unexpected(pods.error());
  pods_ = std::move(*pods);
  plan::Settings settings = options_.plan;
  settings.tai_minus_utc_ns = agent::TaiMinusUtc();
  agent_.emplace(*dataplane_, *routes_, settings);
  snapshot_.version = PODMIRROR_VERSION;
  Show();
  if (options_.listen.empty()) return {};
  auto endpoint = process::Endpoint::Listen(
      options_.listen,
      {[this] { return board_.Metrics(); }, [this] { return board_.Healthy(); }, [this] { return board_.IsReady(); }});
  if (!endpoint.has_value()) return std::unexpected(endpoint.error());
  endpoint_ = std::move(*endpoint);
  Log(Level::kInfo, "listening", {{"port", std::int64_t{endpoint_->port()}}});
  return {};
}

// A state that cannot be read counts as none: the operator has a whole one, and the copies of before go on till then.
void Daemon::Restore() {
  auto kept = link::LoadState(options_.state_file);
  if (!kept.has_value()) Log(Level::kWarning, "the kept state is not used", kept.error());
  if (!kept.has_value() || !kept->has_value()) {
    board_.Ready();
    Log(Level::kInfo, "no state is kept here; nothing is changed until one comes",
        {{"node", options_.node_name}, {"path", options_.state_file}});
    return;
  }
  ledger_.Offer(std::move(**kept));
  Log(Level::kInfo, "the kept state is applied",
      {{"node", options_.node_name}, {"revision", ledger_.current()->revision.number}});
  Follow();
}

void Daemon::StartLink() {
  if (options_.link.address.empty()) {
    Log(Level::kInfo, "no operator is named; the kept state is all there is");
    return;
  }
  link::Listener listener;
  listener.state = [this](StateMessage state) { inbox_.Put(std::move(state)); };
  listener.connected = [this](bool connected) { inbox_.SetConnected(connected); };
  listener.failed = [](const Error& error) { Log(Level::kWarning, "no stream to the operator", error); };
  link_ = link::Link::Start(options_.link, std::move(listener));
  if (!ledger_.current().has_value()) Report({});
}

// Everything that is due.
void Daemon::Advance() {
  board_.Alive();
  const bool resync = Clock::now() >= resync_due_;
  if (resync) resync_due_ = Clock::now() + options_.resync;
  if (must_keep_ && resync) Keep();
  if (must_reconcile_ || resync) Reconcile(resync);
}

void Daemon::Wait() {
  std::array<pollfd, 3> fds = {{{inbox_.fd(), POLLIN, 0}, {pods_->fd(), POLLIN, 0}, {routes_->fd(), POLLIN, 0}}};
  const auto left = std::max(std::chrono::ceil<milliseconds>(resync_due_ - Clock::now()), milliseconds(0));
  if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) <= 0) return;
  if (fds[0].revents != 0) TakeNews();
  const auto process = [&](auto& view) {
    const Result<bool> changed = view.Process();
    if (changed.has_value()) {
      must_reconcile_ = must_reconcile_ || *changed;
    } else {
      Log(Level::kError, "the kernel is not heard", changed.error());
    }
  };
  if (fds[1].revents != 0) process(*pods_);
  if (fds[2].revents != 0) process(*routes_);
}

void Daemon::TakeNews() {
  Inbox::News news = inbox_.Take();
  stop_ = news.stop;
  if (news.connected != snapshot_.connected) {
    Log(Level::kInfo, news.connected ? "connected to the operator" : "disconnected from the operator; copies go on");
    snapshot_.connected = news.connected;
    Show();
  }
  if (news.state.has_value() && !stop_) Take(std::move(*news.state));
}

void Daemon::Take(StateMessage state) {
  const std::uint64_t number = state.revision.number;
  switch (ledger_.Offer(std::move(state))) {
    case Ledger::Judgement::kSame:
      return;
    case Ledger::Judgement::kOlder:
      ++snapshot_.states_refused;
      Log(Level::kWarning, "a state is refused that is older than ours",
          {{"revision", number}, {"ours", ledger_.current()->revision.number}});
      return Show();
    case Ledger::Judgement::kTaken:
      break;
  }
  ++snapshot_.states_taken;
  const DesiredState& desired = ledger_.current()->state;
  Log(Level::kInfo, "a state has come",
      {{"revision", number}, {"sessions", Size(desired.sessions)}, {"sources", Size(desired.sources)}});
  Keep();
  Follow();
}

// On disk before it is in the kernel: who starts after us goes on from there. If the disk refuses, mirroring matters
// more.
void Daemon::Keep() {
  const Result<void> saved = link::SaveState(options_.state_file, *ledger_.current());
  must_keep_ = !saved.has_value();
  if (saved.has_value()) return;
  ++snapshot_.state_errors;
  Log(Level::kError, "the state cannot be kept on disk", saved.error());
}

void Daemon::Follow() {
  std::map<ObjectKey, std::vector<IpAddress>> addresses;
  for (const DesiredSource& source : ledger_.current()->state.sources) addresses[source.pod] = source.ips;
  pods_->Follow(std::move(addresses));
  must_reconcile_ = true;
}

// A look that failed must not read as pods that are gone.
bool Daemon::PodsAreKnown() {
  const auto known = [&] {
    return std::ranges::all_of(ledger_.current()->state.sources,
                               [&](const DesiredSource& source) { return pods_->Current().contains(source.pod); });
  };
  if (known()) return true;
  const Result<bool> looked = pods_->Process();
  if (looked.has_value() && known()) return true;
  if (!looked.has_value()) Log(Level::kError, "the kernel is not heard", looked.error());
  resync_due_ = std::min(resync_due_, Clock::now() + kRetry);
  return false;
}

void Daemon::Reconcile(bool sample) {
  must_reconcile_ = false;
  if (!ledger_.current().has_value()) return;
  const DesiredState& desired = ledger_.current()->state;
  if (!PodsAreKnown()) return;
  // Nothing to read at the first time.
  const dataplane::Counters counters = dataplane::ReadCounters(options_.bpffs).value_or(dataplane::Counters{});
  const Clock::time_point begin = Clock::now();
  agent::Outcome outcome = agent_->Reconcile(desired, pods_->Current(), counters);
  snapshot_.apply.Add(std::chrono::duration<double>(Clock::now() - begin).count());
  snapshot_.ops += static_cast<std::uint64_t>(outcome.writes);
  snapshot_.op_errors += static_cast<std::uint64_t>(outcome.failures);
  const bool news = ledger_.applied() != ledger_.current()->revision;
  ledger_.Applied(outcome.failures == 0);
  snapshot_.revision_lag = ledger_.lag();
  if (outcome.failures > 0) resync_due_ = std::min(resync_due_, Clock::now() + kRetry);
  SayErrors(outcome.errors);
  if (news || outcome.writes > 0) {
    Log(Level::kInfo, "the state is applied",
        {{"revision", ledger_.current()->revision.number},
         {"writes", std::int64_t{outcome.writes}},
         {"failures", std::int64_t{outcome.failures}}});
  }
  Report(std::move(outcome.report));
  if (sample || !applied_once_) Sample(counters);
  if (!std::exchange(applied_once_, true)) board_.Ready();
  Show();
}

// `counters` were read just before. Two readings that agree had come to rest in between: only there the law counts.
void Daemon::Sample(const dataplane::Counters& counters) {
  const Result<plan::Observed> observed = dataplane_->Observe();
  if (!observed.has_value()) return;
  const DesiredState& desired = ledger_.current()->state;
  std::vector<stats::HookCount> counts = NamedCounts(desired, pods_->Current(), *observed, counters);
  totals_.Update(counts, SessionNames(desired));
  snapshot_.sessions = totals_.sums();
  snapshot_.maps = MapFills(*observed);
  snapshot_.attached_interfaces = AttachedInterfaces(*observed);
  const Clock::time_point now = Clock::now();
  if (now - counted_ < stats::kRest) return;
  const std::vector<std::string> violations = stats::CheckLaw(last_counts_, counts);
  for (const std::string& violation : violations) {
    Log(Level::kError, "the counters do not add up", {{"violation", violation}});
  }
  snapshot_.law_violations = violations.size();
  last_counts_ = std::move(counts);
  counted_ = now;
}

void Daemon::Report(NodeReport report) {
  ReportMessage message = message_;
  message.applied = ledger_.applied();
  message.report = std::move(report);
  if (reported_ && message == message_) return;
  message_ = std::move(message);
  reported_ = true;
  for (const SourceReport& source : message_.report.sources) {
    Log(Level::kDebug, "source",
        {{"pod", source.pod.ToString()},
         {"interface", source.interface},
         {"reason", source.reason},
         {"why", source.message}});
  }
  if (link_ != nullptr) link_->Report(message_);
}

// Each once, until it has been absent.
void Daemon::SayErrors(const std::vector<Error>& errors) {
  std::set<std::string> texts;
  for (const Error& error : errors) {
    if (!texts.insert(Describe(error)).second || kernel_errors_.contains(Describe(error))) continue;
    Log(Level::kError, "the kernel refuses a change", error);
  }
  kernel_errors_ = std::move(texts);
}

void Daemon::Show() { board_.Show(std::make_shared<const metrics::Snapshot>(snapshot_)); }

}  // namespace

int RunAgent(const Options& options) {
  process::StartLog("agent", options.log_level);
  return Daemon(options).Run();
}

int RunCleanup(const Options& options) {
  process::StartLog("agent", options.log_level);
  const Result<void> forgotten = link::RemoveState(options.state_file);
  if (!forgotten.has_value()) Log(Level::kError, "the state file cannot be removed", forgotten.error());
  const auto removed = dataplane::Cleanup(options.bpffs);
  if (!removed.has_value()) {
    Log(Level::kError, "the kernel cannot be cleaned up", removed.error());
    return kExitFailed;
  }
  for (const std::string& item : *removed) Log(Level::kInfo, "removed", {{"object", item}});
  Log(Level::kInfo, "cleaned up", {{"objects", Size(*removed)}});
  return forgotten.has_value() ? kExitDone : kExitFailed;
}

}  // namespace podmirror::daemon
