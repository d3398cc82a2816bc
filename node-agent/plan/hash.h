// Stable 64-bit hashes of names and addresses: equal on every node, in every run, in every version.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace podmirror::plan {

// The finalizer of MurmurHash3: every input bit reaches every output bit.
constexpr std::uint64_t Mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

// FNV-1a with that finalizer; FNV alone hardly spreads the last bytes.
class Hash {
 public:
  Hash& Add(std::span<const std::uint8_t> bytes) {
    for (std::uint8_t byte : bytes) AddByte(byte);
    return *this;
  }
  // The length goes first: {"ab", "c"} and {"a", "bc"} differ.
  Hash& Add(std::string_view text) {
    Add(text.size());
    for (char c : text) AddByte(static_cast<std::uint8_t>(c));
    return *this;
  }
  Hash& Add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) AddByte(static_cast<std::uint8_t>(number >> shift));
    return *this;
  }
  std::uint64_t value() const { return Mix(state_); }

 private:
  void AddByte(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace podmirror::plan
