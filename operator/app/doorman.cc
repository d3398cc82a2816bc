#include "operator/app/doorman.h"

#include <thread>
#include <utility>
#include <vector>

#include "operator/kube/token_review.h"
#include "process/mailbox.h"

namespace podmirror::app {
namespace {

constexpr int kThreads = 8;  // at 10 ms a review, 800 agents a second

struct Visit {
  std::string token;
  std::function<void(Result<push::Agent>)> done;
};

class DoormanThreads final : public Doorman {
 public:
  DoormanThreads(std::shared_ptr<kube::Client> client, std::string audience, std::function<bool(Question)> ask)
      : client_(std::move(client)), audience_(std::move(audience)), ask_(std::move(ask)) {
    threads_.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
  }

  ~DoormanThreads() override {
    visits_.Close();
    for (auto& thread : threads_) thread.join();
  }

  DoormanThreads(const DoormanThreads&) = delete;
  DoormanThreads& operator=(const DoormanThreads&) = delete;

  void Judge(std::string token, std::function<void(Result<push::Agent>)> done) override {
    // The server bounds how many handshakes there are at a time.
    visits_.SendNow({std::move(token), std::move(done)});
  }

 private:
  void Run() {
    while (!visits_.closed()) {
      auto visit = visits_.Receive(Clock::now() + std::chrono::hours(1));
      if (visit) Receive(*std::move(visit));
    }
  }

  void Receive(Visit visit) {
    const auto owner = kube::ReviewToken(*client_, visit.token, audience_);
    if (!owner) return visit.done(std::unexpected(owner.error()));
    const auto expires = kube::ExpiryOf(visit.token);
    if (!expires) return visit.done(Fail("the token does not say when it ends", "", "use a projected token"));
    auto done = visit.done;
    if (!ask_({*owner, *expires, std::move(visit.done)})) done(Fail("this operator is ending"));
  }

  const std::shared_ptr<kube::Client> client_;
  const std::string audience_;
  const std::function<bool(Question)> ask_;
  process::Mailbox<Visit> visits_{1};
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Doorman> Doorman::Start(std::shared_ptr<kube::Client> client, std::string audience,
                                        std::function<bool(Question)> ask) {
  return std::make_unique<DoormanThreads>(std::move(client), std::move(audience), std::move(ask));
}

}  // namespace podmirror::app
