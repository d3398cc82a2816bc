// The bench's own programs: loaded once, attached to devices of any namespace by name, and timed by test runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench_bpf.skel.h"

namespace podmirror::bench {

// What went wrong ends the tool: its caller throws the whole run away.
[[noreturn]] void Die(const std::string& what);

// Runs a function with another network namespace (a name under /run/netns; "-": the tool's own).
class InNamespace {
 public:
  explicit InNamespace(const std::string& name);
  ~InNamespace();

 private:
  int home_ = -1;
};

class Hooks {
 public:
  Hooks();
  ~Hooks();

  void Attach(const std::string& name, const std::string& program, const std::string& space, const std::string& device,
              bool ingress);
  void Detach(const std::string& name);
  void PointAt(const std::string& what, const std::string& device);

  void Zero();
  std::uint64_t Tally(std::uint32_t which) const;

  // Nanoseconds that the first program at the device's tc hook takes for a UDP packet, and the empty one.
  struct Times {
    double program, empty;
  };
  Times Time(const std::string& device, bool ingress);

 private:
  bench_bpf* skeleton_;
  std::map<std::string, int> links_;
};

}  // namespace podmirror::bench
