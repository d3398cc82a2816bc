// The real binary, or any other, as a child process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace podmirror::testing {

class Program {
 public:
  // `before` runs in the child before it becomes the program: drops privileges, for one.
  explicit Program(std::vector<std::string> arguments, const std::function<void()>& before = {});
  ~Program();  // kills it
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads until stderr has the text behind what an earlier call found; false when it ended or time is over.
  bool Says(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(20));

  void Signal(int number) const;
  pid_t pid() const { return child_; }

  // The exit code, or 128 + the signal that ended it; -1 where it did not end within 30 seconds.
  int Wait();
  // SIGKILL, and waits.
  void Kill();

  const std::string& out() const { return streams_[0].text; }
  const std::string& err() const { return streams_[1].text; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Stream {
    int fd = -1;
    std::string text;
  };

  bool ReadSome(Clock::time_point end);

  pid_t child_ = -1;
  Stream streams_[2];
  std::size_t heard_ = 0;
};

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended Execute(std::vector<std::string> arguments, const std::function<void()>& before = {});
// The `podmirror` of this build.
Ended Podmirror(std::vector<std::string> arguments, const std::function<void()>& before = {});
std::string PodmirrorBinary();

}  // namespace podmirror::testing
