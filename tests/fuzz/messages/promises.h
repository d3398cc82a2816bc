// What decoding promises for any bytes: a value that is written in one way only, or an Error that says something.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "contract/codec.h"

namespace podmirror {

inline void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken promise: " << promise << "\n";
  std::abort();
}

template <typename T>
void RequireOneWriting(const Result<T>& decoded, Result<T> (*decode)(std::string_view)) {
  if (!decoded.has_value()) {
    Require(!decoded.error().what.empty(), "an error says what is wrong");
    Require(Describe(decoded.error()).size() < 2'000, "an error quotes little");
    return;
  }
  const std::string written = Encode(*decoded);
  const Result<T> again = decode(written);
  Require(again.has_value() && *again == *decoded, "what was taken can be written and taken again");
  Require(Encode(*again) == written, "equal values are equal bytes");
}

}  // namespace podmirror
