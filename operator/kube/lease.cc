#include "operator/kube/lease.h"

#include <thread>
#include <utility>

#include "operator/kube/lease_candidate.h"

namespace podmirror::kube {
namespace {

class ThreadedElector : public Elector {
 public:
  ThreadedElector(std::shared_ptr<Client> client, LeaseSettings settings,
                  std::function<void(std::optional<Epoch>)> changed, std::function<void(const Error&)> trouble)
      : client_(std::move(client)),
        clock_(MakeClock()),
        candidate_(client_->transport(), std::move(settings), *clock_, std::move(changed), std::move(trouble)),
        thread_([this] { Run(); }) {}
  ~ThreadedElector() override {
    stopped_ = true;
    clock_->Interrupt();
    thread_.join();
  }
  bool leading() const override { return candidate_.leading(); }

 private:
  void Run() {
    while (!stopped_) clock_->Pause(candidate_.Round());
    candidate_.Release();
  }

  const std::shared_ptr<Client> client_;
  const std::unique_ptr<Clock> clock_;
  Candidate candidate_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Elector> Elector::Start(std::shared_ptr<Client> client, LeaseSettings settings,
                                        std::function<void(std::optional<Epoch>)> changed,
                                        std::function<void(const Error&)> trouble) {
  return std::make_unique<ThreadedElector>(std::move(client), std::move(settings), std::move(changed),
                                           std::move(trouble));
}

}  // namespace podmirror::kube
