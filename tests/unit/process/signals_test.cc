#include "process/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>

namespace podmirror::process {
namespace {

using std::chrono_literals::operator""s;

TEST(Signals, TheFirstOneIsToldOnce) {
  std::promise<void> stopped;
  std::atomic<int> times = 0;
  auto signals = Signals::Watch([&] {
    if (++times == 1) stopped.set_value();
  });
  kill(getpid(), SIGTERM);
  ASSERT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
  signals.reset();
  EXPECT_EQ(times, 1);
}

TEST(Signals, InterruptIsOneToo) {
  std::promise<void> stopped;
  const auto signals = Signals::Watch([&] { stopped.set_value(); });
  kill(getpid(), SIGINT);
  EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Signals, WithoutASignalItEndsQuietly) {
  int times = 0;
  Signals::Watch([&] { ++times; }).reset();
  EXPECT_EQ(times, 0);
}

TEST(Signals, AWriteToAClosedPipeIsAnErrorNotTheEnd) {
  const auto signals = Signals::Watch([] {});
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

// A child whose orderly end hangs: the second signal must end it, with the shell's status for that signal.
TEST(Signals, ASecondOneEndsTheProcessAtOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto signals = Signals::Watch([&] { (void)!write(ends[1], "s", 1); });
    (void)!write(ends[1], "r", 1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(child, SIGTERM);
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 's');
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace podmirror::process
