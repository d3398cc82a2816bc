#include "operator/app/custodian.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "operator/app/stored.h"
#include "process/log.h"

namespace podmirror::app {
namespace {

using process::Level;
using process::Log;
using Milliseconds = std::chrono::milliseconds;

std::string PathOf(std::string_view plural, const ObjectKey& key) {
  return "/api/v1/namespaces/" + key.ns + "/" + std::string(plural) + "/" + key.name;
}

class CustodianThread final : public Custodian {
 public:
  CustodianThread(std::shared_ptr<kube::Client> client, CustodianSettings settings, std::function<bool()> leading,
                  std::function<void(push::Identity)> identity)
      : client_(std::move(client)),
        settings_(std::move(settings)),
        leading_(std::move(leading)),
        identity_(std::move(identity)),
        secret_path_(PathOf("secrets", settings_.secret)),
        map_path_(PathOf("configmaps", settings_.config_map)),
        thread_([this] { Run(); }) {}

  ~CustodianThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  CustodianThread(const CustodianThread&) = delete;
  CustodianThread& operator=(const CustodianThread&) = delete;

  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      woken_ = false;
      lock.unlock();
      const Milliseconds pause = Look();
      lock.lock();
      changed_.wait_for(lock, pause, [this] { return stopping_ || woken_; });
    }
  }

  // How long until the next look.
  Milliseconds Look() {
    const auto secret = client_->Get(secret_path_);
    if (!secret) return Complain(secret.error(), settings_.secret, "Secret");
    const auto map = client_->Get(map_path_);
    if (!map) return Complain(map.error(), settings_.config_map, "ConfigMap");
    const auto stored = ReadStored(*secret, *map);
    if (!stored) return Complain(stored.error());
    if (!leading_()) return Show(*stored);
    const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
    const auto renewed = push::Renew(*stored, now, settings_.authority);
    if (!renewed) return Complain(renewed.error());
    const push::Certificates& wanted = renewed->certificates;
    // The bundle first: whom agents do not trust yet must not be shown to them.
    if (wanted.bundle != stored->bundle) {
      const auto written = client_->Update(map_path_, WithBundle(*map, wanted));
      if (!written) return Complain(written.error(), settings_.config_map, "ConfigMap");
      Log(Level::kInfo, "wrote the bundle that agents trust", {{"config_map", settings_.config_map.ToString()}});
    }
    push::Certificates without_bundle = *stored;
    without_bundle.bundle = wanted.bundle;
    if (without_bundle != wanted) {
      const auto written = client_->Update(secret_path_, WithCertificates(*secret, wanted));
      if (!written) return Complain(written.error(), settings_.secret, "Secret");
      Log(Level::kInfo, "wrote renewed certificates", {{"secret", settings_.secret.ToString()}});
    }
    const Milliseconds pause = Show(wanted);
    return std::clamp(renewed->look_again - now, settings_.again, pause);
  }

  Milliseconds Show(const push::Certificates& certificates) {
    complaint_.clear();
    if (certificates.certificate.empty() || certificates.key.empty()) return settings_.again;
    push::Identity identity = push::IdentityOf(certificates);
    if (identity != shown_) {
      shown_ = identity;
      identity_(std::move(identity));
    }
    return settings_.look;
  }

  Milliseconds Complain(const kube::ApiError& error, const ObjectKey& key, const std::string& kind) {
    Error said = error.ToError(kind + " " + key.ToString());
    if (error.status == 404) said.fix = "create it, empty; the operator fills it";
    return Complain(said);
  }

  Milliseconds Complain(const Error& error) {
    if (std::string text = Describe(error); text != complaint_) {
      complaint_ = std::move(text);
      Log(Level::kWarning, "cannot look after the certificates; trying again", error);
    }
    return settings_.again;
  }

  const std::shared_ptr<kube::Client> client_;
  const CustodianSettings settings_;
  const std::function<bool()> leading_;
  const std::function<void(push::Identity)> identity_;
  const std::string secret_path_;
  const std::string map_path_;
  push::Identity shown_;   // the thread's own
  std::string complaint_;  // said last; the thread's own

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread thread_;  // last: it runs on all of the above
};

}  // namespace

std::unique_ptr<Custodian> Custodian::Start(std::shared_ptr<kube::Client> client, CustodianSettings settings,
                                            std::function<bool()> leading,
                                            std::function<void(push::Identity)> identity) {
  return std::make_unique<CustodianThread>(std::move(client), std::move(settings), std::move(leading),
                                           std::move(identity));
}

}  // namespace podmirror::app
