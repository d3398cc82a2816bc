#include "operator/app/app.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "operator/app/brain.h"
#include "operator/app/custodian.h"
#include "operator/app/doorman.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/kube/lease.h"
#include "operator/kube/recorder.h"
#include "operator/kube/reflector.h"
#include "operator/kube/transport.h"
#include "operator/metrics/metrics.h"
#include "operator/push/server.h"
#include "operator/status/writer.h"
#include "process/endpoint.h"
#include "process/log.h"
#include "process/mailbox.h"
#include "process/signals.h"

namespace podmirror::app {
namespace {

using process::Level;
using process::Log;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::size_t kWaitingEvents = 1'024;
constexpr auto kLongestEnd = 1'500ms;  // of an orderly end
constexpr auto kStuck = 60s;           // the brain is taken for dead

struct Envelope {
  Message message;
  Clock::time_point sent = Clock::now();
};

Now TheTime() {
  return {std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), Clock::now()};
}

std::string RandomText() {
  std::random_device random;
  std::array<char, 9> text{};
  (void)snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(random()));
  return text.data();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "podmirror-operator";
}

// What the brain says of itself to the endpoint's thread.
class Pulse {
 public:
  void Beat(std::optional<Error> waits) {
    const std::lock_guard lock(mutex_);
    last_ = Clock::now();
    waits_ = std::move(waits);
  }
  Result<void> Healthy() const {
    const std::lock_guard lock(mutex_);
    if (Clock::now() - last_ > kStuck) return Fail("nothing was decided for a minute: a thread is stuck");
    return {};
  }
  Result<void> Ready() const {
    const std::lock_guard lock(mutex_);
    if (waits_) return std::unexpected(*waits_);
    return {};
  }

 private:
  mutable std::mutex mutex_;
  Clock::time_point last_ = Clock::now();
  std::optional<Error> waits_ = Error{"not started yet", "", ""};
};

class Operator final : public Outputs {
 public:
  Operator(Options options, const kube::ClusterConfig& config)
      : options_(std::move(options)), transport_(kube::MakeTransport(config)), mailbox_(kWaitingEvents) {
    const auto observe = [this](const std::string& verb, int status, std::chrono::nanoseconds took) {
      metrics_.Request(verb, status, took);
      if (verb == "apply") metrics_.StatusWritten(status >= 200 && status < 300);
    };
    const kube::Client::Limits limits;
    reader_ = std::make_shared<kube::Client>(transport_, limits, nullptr, observe);
    elections_ = std::make_shared<kube::Client>(transport_, limits, nullptr, observe);
    reviews_ = std::make_shared<kube::Client>(transport_, kube::Client::Limits{400, 800, 2}, nullptr, observe);
    writer_client_ = std::make_shared<kube::Client>(transport_, limits, [this] { return MayWrite(); }, observe);
  }

  int Run() {
    const Result<void> started = Start();
    if (!started) {
      Log(Level::kError, "cannot start", started.error());
      return End(kExitFailed);
    }
    Think();
    return End(failed_ ? kExitFailed : kExitDone);
  }

  void Stop() { mailbox_.Close(); }

  // ---- Outputs: on the brain's thread

  bool MayWrite() override {
    const std::lock_guard lock(elector_mutex_);
    return elector_ && elector_->leading();
  }

  void Lead(bool leading) override {
    if (const auto server = Server()) server->Lead(leading);
    custodian_->Wake();
  }
  void Publish(const NodeName& node, std::shared_ptr<const std::string> message) override {
    if (const auto server = Server()) server->Publish(node, std::move(message));
  }
  void Disconnect(const std::string& pod_uid) override {
    if (const auto server = Server()) server->Disconnect(pod_uid);
  }
  void WriteStatus(status::Wanted wanted) override { status_writer_->Submit(std::move(wanted)); }
  void ForgetStatus(kube::Kind kind, const ObjectKey& key) override { status_writer_->Forget(kind, key); }
  void Record(kube::Event event) override { recorder_->Record(std::move(event)); }

 private:
  std::shared_ptr<push::Server> Server() {
    const std::lock_guard lock(server_mutex_);
    return server_;
  }

  void Tell(Message message) { mailbox_.SendNow({std::move(message)}); }

  BrainSettings Settings() const {
    BrainSettings settings;
    settings.compile = options_.compile;
    settings.compile.own_namespace = options_.ns;
    settings.agent_service_account = {options_.ns, options_.agent_service_account};
    return settings;
  }

  Result<void> Start() {
    const std::string name = options_.identity.empty() ? HostName() : options_.identity;
    process::Answers answers{[this] { return MetricsText(); }, [this] { return pulse_.Healthy(); },
                             [this] { return pulse_.Ready(); }};
    auto endpoint = process::Endpoint::Listen(options_.listen_metrics, std::move(answers));
    if (!endpoint) return std::unexpected(endpoint.error());
    endpoint_ = *std::move(endpoint);
    brain_ = std::make_unique<Brain>(Settings(), *this, metrics_);
    status_writer_ = status::Writer::Start(
        writer_client_, {}, [](const Error& error) { Log(Level::kWarning, "a status could not be written", error); });
    recorder_ = kube::Recorder::Start(writer_client_, name);
    doorman_ = Doorman::Start(reviews_, options_.audience,
                              [this](Question question) { return mailbox_.SendNow({std::move(question)}); });
    custodian_ = Custodian::Start(
        writer_client_, CertificateSettings(), [this] { return MayWrite(); },
        [this](push::Identity identity) { Show(std::move(identity)); });
    StartElector(name + "_" + RandomText());
    for (const kube::Kind kind : kube::kAllKinds) {
      reflectors_.push_back(kube::Reflector::Start(
          kind, reader_, {}, [this](kube::WatchEvent event) { mailbox_.Send({std::move(event)}); }));
    }
    Log(Level::kInfo, "started",
        {{"namespace", options_.ns},
         {"identity", name},
         {"metrics_port", std::int64_t{endpoint_->port()}},
         {"agents", options_.listen_agents}});
    return {};
  }

  CustodianSettings CertificateSettings() const {
    CustodianSettings settings;
    settings.secret = {options_.ns, options_.tls_secret};
    settings.config_map = {options_.ns, options_.ca_config_map};
    settings.authority.dns_names = options_.server_names;
    if (settings.authority.dns_names.empty()) {
      settings.authority.dns_names = {"podmirror-operator." + options_.ns + ".svc"};
    }
    return settings;
  }

  void StartElector(const std::string& identity) {
    kube::LeaseSettings settings;
    settings.lease = {options_.ns, options_.lease};
    settings.identity = identity;
    settings.duration = options_.lease_duration;
    settings.renew_deadline = options_.renew_deadline;
    settings.retry = options_.retry_period;
    auto elector = kube::Elector::Start(elections_, settings, [this](std::optional<Epoch> epoch) {
      // A deposed leader falls silent at once, whatever the brain does at this moment.
      if (const auto server = Server(); server && !epoch) server->Lead(false);
      Tell(Leading{epoch});
    });
    const std::lock_guard lock(elector_mutex_);
    elector_ = std::move(elector);
  }

  // On the custodian's thread: the stream is served from the first identity on.
  void Show(push::Identity identity) {
    if (const auto server = Server()) {
      server->UseIdentity(std::move(identity));
      return;
    }
    push::Settings settings;
    settings.listen = options_.listen_agents;
    const push::Listener listener{
        [this](const NodeName& node, ReportMessage message) { Tell(Reported{node, std::move(message)}); },
        [this](const NodeName& node, bool is) { Tell(Connected{node, is}); },
        [](const NodeName& node, const Error& error) {
          Log(Level::kWarning, "an agent was dropped", error, {{"node", node}});
        }};
    auto server = push::Server::Listen(
        settings, identity,
        [this](std::string token, std::function<void(Result<push::Agent>)> done) {
          doorman_->Judge(std::move(token), std::move(done));
        },
        listener);
    if (!server) {
      Log(Level::kError, "cannot listen for agents", server.error());
      failed_ = true;
      Stop();
      return;
    }
    Log(Level::kInfo, "listening for agents", {{"port", std::int64_t{(*server)->port()}}});
    {
      const std::lock_guard lock(server_mutex_);
      server_ = *std::move(server);
    }
    Tell(Serving{});
  }

  std::string MetricsText() {
    if (const auto server = Server()) {
      const push::Counts counts = server->counts();
      metrics_.StreamIs(
          {counts.connected, counts.states_sent, counts.reports, counts.refused, counts.dropped, counts.bytes_sent});
    }
    return metrics_.Text();
  }

  void Think() {
    while (!mailbox_.closed()) {
      auto envelope = mailbox_.Receive(brain_->next(TheTime()));
      const Now now = TheTime();
      if (envelope) {
        metrics_.Waited(now.steady - envelope->sent);
        brain_->Handle(std::move(envelope->message), now);
      }
      brain_->Run(now);
      pulse_.Beat(brain_->Waits(now));
    }
  }

  // So that another operator leads at once.
  void GiveUpLead() {
    std::unique_ptr<kube::Elector> elector;
    {
      const std::lock_guard lock(elector_mutex_);
      elector = std::move(elector_);
    }
    elector.reset();
  }

  // Never returns. Libraries with threads of their own may hang at their end; the process does not.
  [[noreturn]] int End(int code) {
    Log(Level::kInfo, "stopping");
    std::thread([code] {
      std::this_thread::sleep_for(kLongestEnd);
      Log(Level::kWarning, "stopped before everything had ended");
      _exit(code);
    }).detach();
    GiveUpLead();
    {
      const std::lock_guard lock(server_mutex_);
      server_.reset();
    }
    transport_->Shutdown();
    Log(Level::kInfo, "stopped");
    _exit(code);
  }

  const Options options_;
  metrics::Metrics metrics_;
  Pulse pulse_;
  std::shared_ptr<kube::Transport> transport_;
  // One budget of requests each, so that none can starve another.
  std::shared_ptr<kube::Client> reader_;
  std::shared_ptr<kube::Client> elections_;
  std::shared_ptr<kube::Client> reviews_;
  std::shared_ptr<kube::Client> writer_client_;
  process::Mailbox<Envelope> mailbox_;
  std::unique_ptr<Brain> brain_;
  std::unique_ptr<process::Endpoint> endpoint_;
  std::unique_ptr<status::Writer> status_writer_;
  std::unique_ptr<kube::Recorder> recorder_;
  std::unique_ptr<Doorman> doorman_;
  std::unique_ptr<Custodian> custodian_;
  std::mutex elector_mutex_;
  std::unique_ptr<kube::Elector> elector_;  // guarded by elector_mutex_
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
  std::mutex server_mutex_;
  std::shared_ptr<push::Server> server_;  // guarded by server_mutex_
  std::atomic<bool> failed_ = false;
};

}  // namespace

int RunOperator(const Options& options, const std::map<std::string, std::string>& environment) {
  process::StartLog("operator", options.log_level);
  const auto config = kube::LoadConfig(options.kubeconfig, options.context, environment);
  if (!config) {
    Log(Level::kError, "cannot find the cluster", config.error());
    return kExitFailed;
  }
  Options complete = options;
  if (complete.ns.empty()) complete.ns = config->ns.empty() ? "default" : config->ns;
  std::promise<Operator*> running;
  const auto signals = process::Signals::Watch([there = running.get_future().share()] { there.get()->Stop(); });
  Operator it(std::move(complete), *config);
  running.set_value(&it);
  return it.Run();
}

}  // namespace podmirror::app
