// Programs, counters and traffic of `make bench`, on the CPU given as the argument. Takes commands by line on stdin and
// answers each with one line of JSON on stdout; tests/bench/run says what they are for.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "tests/bench/hooks.h"
#include "tests/bench/tally.h"
#include "tests/bench/traffic.h"

namespace podmirror::bench {
namespace {

// The counters once two reads 2 ms apart agree: what is on its way through a backlog has arrived.
void SayTallies(const Hooks& hooks) {
  std::uint64_t before = ~0ULL;
  while (hooks.Tally(TALLY_COLLECTOR) != before) {
    before = hooks.Tally(TALLY_COLLECTOR);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  std::printf(R"({"production":%llu,"sink":%llu,"collector":%llu})",
              static_cast<unsigned long long>(hooks.Tally(TALLY_PRODUCTION)),
              static_cast<unsigned long long>(hooks.Tally(TALLY_SINK)),
              static_cast<unsigned long long>(hooks.Tally(TALLY_COLLECTOR)));
}

// attach NAME PROGRAM SPACE DEVICE ingress|egress
void Attach(Hooks& hooks, std::istream& words) {
  std::string name, program, space, device, side;
  words >> name >> program >> space >> device >> side;
  hooks.Attach(name, program, space, device, side == "ingress");
  std::printf("{}");
}

bool Obey(Hooks& hooks, Traffic& traffic, const std::string& line) {
  std::istringstream words(line);
  std::string command, first, second;
  words >> command;
  if (command == "attach") {
    Attach(hooks, words);
    return true;
  }
  words >> first >> second;
  if (command == "detach") {
    hooks.Detach(first);
  } else if (command == "point") {
    hooks.PointAt(first, second);
  } else if (command == "zero") {
    hooks.Zero();
  } else if (command == "tallies") {
    SayTallies(hooks);
    return true;
  } else if (command == "udp" || command == "tcp") {
    const int batches = std::atoi(first.c_str());
    std::printf("%.4f", command == "udp" ? traffic.Udp(batches) : traffic.Tcp(batches));
    return true;
  } else if (command == "time") {
    const Hooks::Times times = hooks.Time(first, second == "ingress");
    std::printf(R"({"program":%.1f,"empty":%.1f})", times.program, times.empty);
    return true;
  } else {
    return false;
  }
  std::printf("{}");
  return true;
}

int Serve(int cpu) {
  Hooks hooks;
  Traffic traffic("source", "sink", "10.244.1.11");
  std::printf(OwnCpu(cpu) ? R"("fifo")" : R"("shared")");
  std::puts("");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (!Obey(hooks, traffic, line)) Die("no such command: " + line);
    std::puts("");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace podmirror::bench

int main(int argc, char** argv) { return podmirror::bench::Serve(argc > 1 ? std::atoi(argv[1]) : 0); }
