#include "operator/kube/reflector.h"

#include <condition_variable>
#include <random>
#include <thread>
#include <utility>

#include "operator/kube/reflector_watcher.h"

namespace podmirror::kube {
namespace {

class RealClock : public Clock {
 public:
  std::chrono::steady_clock::time_point Now() override { return std::chrono::steady_clock::now(); }
  void Pause(std::chrono::milliseconds pause) override {
    std::unique_lock lock(mutex_);
    interrupted_.wait_for(lock, pause, [this] { return stop_; });
  }
  double Chance() override { return std::uniform_real_distribution<double>(0, 1)(random_); }
  void Interrupt() override {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    interrupted_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable interrupted_;
  bool stop_ = false;
  std::minstd_rand random_{std::random_device()()};
};

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

std::unique_ptr<Clock> MakeClock() { return std::make_unique<RealClock>(); }

std::unique_ptr<Reflector> Reflector::Start(Kind kind, std::shared_ptr<Client> client, ReflectorSettings settings,
                                            Handler handler) {
  return std::make_unique<ThreadedReflector>(kind, std::move(client), settings, std::move(handler));
}

}  // namespace podmirror::kube
