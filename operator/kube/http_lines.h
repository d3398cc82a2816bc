// Pieces of a body in, lines out. The text of a line is copied once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace podmirror::kube {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}

  // Call when Next() has nothing left.
  void Add(std::string piece) {
    if (begin_ == text_.size()) {
      text_ = std::move(piece);
    } else {
      text_.erase(0, begin_);
      text_ += piece;
    }
    searched_ -= begin_;
    begin_ = 0;
  }

  // nullopt: no line is complete, or the next one is too long.
  std::optional<std::string> Next() {
    const std::size_t end = text_.find('\n', searched_);
    searched_ = end == std::string::npos ? text_.size() : end;
    too_long_ = too_long_ || searched_ - begin_ > max_line_;
    if (too_long_ || end == std::string::npos) return std::nullopt;
    std::string line = text_.substr(begin_, end - begin_);
    begin_ = searched_ = end + 1;
    return line;
  }

  bool too_long() const { return too_long_; }

  // What stands after the last newline, at the end of the body.
  std::optional<std::string> Rest() {
    if (begin_ == text_.size()) return std::nullopt;
    std::string rest = text_.substr(begin_);
    begin_ = searched_ = text_.size();
    return rest;
  }

 private:
  const std::size_t max_line_;
  std::string text_;
  std::size_t begin_ = 0;     // of the line that comes next
  std::size_t searched_ = 0;  // no newline between begin_ and here
  bool too_long_ = false;
};

}  // namespace podmirror::kube
