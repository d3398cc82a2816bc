// Values out of a command line's flags: all are read, the first fault stays.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "contract/result.h"

namespace podmirror::process {

class Reading {
 public:
  template <typename T, typename Into>
  void Take(const std::string& flag, Result<T> value, Into& into) {
    if (value.has_value()) {
      into = *std::move(value);
    } else {
      Blame(flag, std::move(value.error().what), std::move(value.error().fix));
    }
  }
  void Blame(const std::string& flag, std::string what, std::string fix) {
    if (!error_) error_ = Error{std::move(what), flag, std::move(fix)};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace podmirror::process
