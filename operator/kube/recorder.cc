#include "operator/kube/recorder.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "operator/kube/recorder_ledger.h"

namespace podmirror::kube {
namespace {

constexpr std::size_t kMaxQueued = 1000;
constexpr std::chrono::seconds kTick{1};

LedgerTime Now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

class ThreadedRecorder : public Recorder {
 public:
  ThreadedRecorder(std::shared_ptr<Client> client, std::string instance)
      : client_(std::move(client)), ledger_(std::move(instance)), thread_([this] { Run(); }) {}
  ~ThreadedRecorder() override {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Record(Event event) override {
    const std::scoped_lock lock(mutex_);
    if (queue_.size() >= kMaxQueued) return;
    queue_.push_back(std::move(event));
    changed_.notify_all();
  }

 private:
  void Run() {
    while (!stopped()) {
      const std::optional<Event> event = Wait();
      Write(event ? ledger_.Take(*event, Now()) : ledger_.Due(Now()));
    }
  }

  // nullopt: stopped, or something may be due.
  std::optional<Event> Wait() {
    std::unique_lock lock(mutex_);
    const auto something = [this] { return stopped_ || !queue_.empty(); };
    if (ledger_.has_due()) {
      if (std::chrono::steady_clock::now() >= next_tick_) {
        next_tick_ = std::chrono::steady_clock::now() + kTick;
        return std::nullopt;
      }
      changed_.wait_until(lock, next_tick_, something);
    } else {
      changed_.wait(lock, something);
    }
    if (stopped_ || queue_.empty()) return std::nullopt;
    Event event = std::move(queue_.front());
    queue_.pop_front();
    return event;
  }

  void Write(const std::vector<EventWrite>& writes) {
    for (const EventWrite& write : writes) {
      if (stopped()) return;
      const ApiResult<std::string> done =
          write.is_new ? client_->Create(write.path, write.body) : client_->MergePatch(write.path, write.body);
      if (done || done.error().status == 409) continue;
      if (write.is_new || done.error().status == 404) ledger_.Forget(write.event);
    }
  }

  bool stopped() {
    const std::scoped_lock lock(mutex_);
    return stopped_;
  }

  const std::shared_ptr<Client> client_;
  Ledger ledger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> queue_;
  bool stopped_ = false;
  std::chrono::steady_clock::time_point next_tick_{};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Recorder> Recorder::Start(std::shared_ptr<Client> client, std::string instance) {
  return std::make_unique<ThreadedRecorder>(std::move(client), std::move(instance));
}

}  // namespace podmirror::kube
