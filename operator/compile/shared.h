// A value that never changes, so that copies of it cost a pointer: most of what one compile says, the next says again.
#pragma once

#include <memory>
#include <utility>

namespace podmirror::compile {

template <typename T>
class Shared {
 public:
  Shared() : Shared(T{}) {}
  explicit Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }  // NOLINT(google-explicit-constructor): reads as the value
  const std::shared_ptr<const T>& pointer() const { return value_; }

  // Equal content; cheap where it is the same.
  bool operator==(const Shared& other) const { return value_ == other.value_ || *value_ == *other.value_; }

 private:
  std::shared_ptr<const T> value_;
};

}  // namespace podmirror::compile
