// A file descriptor that is closed, and errno as an Error.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "contract/result.h"

namespace podmirror::dataplane {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// "what: No such file or directory". `error` is positive.
inline std::unexpected<Error> FailErrno(const std::string& what, const std::string& where, int error = errno,
                                        std::string fix = "") {
  return Fail(what + ": " + std::strerror(error), where, std::move(fix));
}

}  // namespace podmirror::dataplane
