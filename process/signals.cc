#include "process/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <thread>
#include <utility>

namespace podmirror::process {
namespace {

class SignalThread final : public Signals {
 public:
  explicit SignalThread(std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    (void)std::signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &wanted, SFD_CLOEXEC);
    wake_ = eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { Run(); });
  }

  ~SignalThread() override {
    const std::uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
    thread_.join();
    close(signals_);
    close(wake_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void Run() {
    bool stopping = false;
    for (;;) {
      std::array<pollfd, 2> ready{{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
      if (poll(ready.data(), ready.size(), -1) < 0) continue;
      if (ready[1].revents != 0) return;
      signalfd_siginfo got{};
      if (read(signals_, &got, sizeof got) != sizeof got) continue;
      if (stopping) _exit(128 + static_cast<int>(got.ssi_signo));  // the shell's convention
      stopping = true;
      on_stop_();
    }
  }

  std::function<void()> on_stop_;
  sigset_t before_{};
  int signals_ = -1;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Signals> Signals::Watch(std::function<void()> on_stop) {
  return std::make_unique<SignalThread>(std::move(on_stop));
}

}  // namespace podmirror::process
