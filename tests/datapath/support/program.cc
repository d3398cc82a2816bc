#include "tests/datapath/support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace podmirror::testing {

Program::Program(std::vector<std::string> arguments, const std::function<void()>& before) {
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  child_ = fork();
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nobody behind
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    if (before) before();
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  streams_[0].fd = out[0];
  streams_[1].fd = err[0];
}

Program::~Program() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  for (const Stream& stream : streams_) {
    if (stream.fd >= 0) close(stream.fd);
  }
}

bool Program::Says(const std::string& text, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  for (;;) {
    if (const std::size_t at = err().find(text, heard_); at != std::string::npos) {
      heard_ = at + text.size();
      return true;
    }
    if (!ReadSome(end)) return false;
  }
}

void Program::Signal(int number) const { kill(child_, number); }

int Program::Wait() {
  const auto end = Clock::now() + std::chrono::seconds(30);
  while (streams_[0].fd >= 0 || streams_[1].fd >= 0) {
    if (!ReadSome(end) && Clock::now() >= end) return -1;
  }
  int status = 0;
  if (child_ > 0) waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::Kill() {
  Signal(SIGKILL);
  Wait();
}

bool Program::ReadSome(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  if (left.count() <= 0) return false;
  pollfd fds[2] = {{streams_[0].fd, POLLIN, 0}, {streams_[1].fd, POLLIN, 0}};
  if (fds[0].fd < 0 && fds[1].fd < 0) return false;
  if (poll(fds, 2, static_cast<int>(left.count())) <= 0) return false;
  for (int i = 0; i < 2; ++i) {
    if (fds[i].fd < 0 || fds[i].revents == 0) continue;
    char buffer[4096];
    const ssize_t size = read(fds[i].fd, buffer, sizeof(buffer));
    if (size > 0) {
      streams_[i].text.append(buffer, static_cast<std::size_t>(size));
    } else {
      close(fds[i].fd);
      streams_[i].fd = -1;
    }
  }
  return true;
}

Ended Execute(std::vector<std::string> arguments, const std::function<void()>& before) {
  Program program(std::move(arguments), before);
  const int code = program.Wait();
  return {code, program.out(), program.err()};
}

Ended Podmirror(std::vector<std::string> arguments, const std::function<void()>& before) {
  arguments.insert(arguments.begin(), PodmirrorBinary());
  return Execute(std::move(arguments), before);
}

std::string PodmirrorBinary() { return PODMIRROR_BINARY; }

}  // namespace podmirror::testing
