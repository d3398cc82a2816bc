#include "operator/kube/reflector.h"

#include <thread>
#include <utility>

#include "operator/kube/clock.h"
#include "operator/kube/reflector_watcher.h"

namespace podmirror::kube {
namespace {

class ThreadedReflector : public Reflector {
 public:
  ThreadedReflector(Kind kind, std::shared_ptr<Client> client, ReflectorSettings settings, Handler handler)
      : client_(std::move(client)),
        clock_(MakeClock()),
        watcher_(kind, client_->transport(), settings, std::move(handler), *clock_),
        thread_([this] { watcher_.Run(); }) {}
  ~ThreadedReflector() override {
    watcher_.Stop();
    thread_.join();
  }
  void Stop() override { watcher_.Stop(); }

 private:
  const std::shared_ptr<Client> client_;
  const std::unique_ptr<Clock> clock_;
  Watcher watcher_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Reflector> Reflector::Start(Kind kind, std::shared_ptr<Client> client, ReflectorSettings settings,
                                            Handler handler) {
  return std::make_unique<ThreadedReflector>(kind, std::move(client), settings, std::move(handler));
}

}  // namespace podmirror::kube
