// An API server that is written down, and a clock that stands still but for pauses: for Watcher, on the test's thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "operator/kube/reflector_watcher.h"
#include "operator/kube/transport.h"

namespace podmirror::testing {

using std::chrono::milliseconds;

class StillClock : public kube::Clock {
 public:
  std::chrono::steady_clock::time_point Now() override { return now; }
  std::chrono::system_clock::time_point Wall() override { return {}; }
  void Pause(milliseconds pause) override {
    pauses.push_back(pause);
    now += pause;
  }
  double Chance() override { return 0.5; }  // no jitter
  void Interrupt() override {}

  std::chrono::steady_clock::time_point now{};
  std::vector<milliseconds> pauses;
};

// A stream's lines; each may take its time. Then it ends, well or not.
struct Lines {
  std::vector<std::string> lines;
  std::optional<kube::TransportError> then;  // nullopt: it ends as HTTP ends a body
  milliseconds each{0};
  milliseconds before_the_end{60'000};
};

using Answer = std::variant<kube::Response, kube::TransportError, Lines>;

struct Exchange {
  std::string asks;  // what the target must contain
  Answer answer;
};

class ScriptedTransport : public kube::Transport {
 public:
  explicit ScriptedTransport(StillClock& clock) : clock_(clock) {}

  // Called when the script is at its end.
  std::function<void()> on_end;
  std::deque<Exchange> script;
  std::vector<std::string> asked;
  std::vector<milliseconds> idles;
  std::vector<std::string> unexpected;

  std::expected<kube::Response, kube::TransportError> Roundtrip(const kube::Request& request) override {
    Answer answer = Next(request.target);
    if (auto* error = std::get_if<kube::TransportError>(&answer)) return std::unexpected(*error);
    return std::get<kube::Response>(std::move(answer));
  }

  std::expected<kube::StreamStart, kube::TransportError> Open(const kube::Request& request,
                                                              milliseconds idle) override {
    idles.push_back(idle);
    Answer answer = Next(request.target);
    if (auto* error = std::get_if<kube::TransportError>(&answer)) return std::unexpected(*error);
    if (auto* response = std::get_if<kube::Response>(&answer)) return kube::StreamStart{std::move(*response), nullptr};
    kube::StreamStart start;
    start.head.status = 200;
    start.stream = std::make_unique<ScriptedStream>(std::get<Lines>(std::move(answer)), clock_);
    return start;
  }

  void Shutdown() override {}

 private:
  class ScriptedStream : public kube::Stream {
   public:
    ScriptedStream(Lines lines, StillClock& clock) : lines_(std::move(lines)), clock_(clock) {}
    std::expected<std::optional<std::string>, kube::TransportError> Next() override {
      if (at_ == lines_.lines.size()) {
        clock_.now += lines_.before_the_end;
        if (lines_.then) return std::unexpected(*lines_.then);
        return std::nullopt;
      }
      clock_.now += lines_.each;
      return lines_.lines[at_++];
    }
    void Cancel() override {}

   private:
    const Lines lines_;
    StillClock& clock_;
    std::size_t at_ = 0;
  };

  Answer Next(const std::string& target) {
    if (script.empty()) {
      on_end();
      return kube::TransportError{kube::TransportError::Kind::kCancelled, "the script is at its end"};
    }
    Exchange exchange = std::move(script.front());
    script.pop_front();
    asked.push_back(target);
    if (target.find(exchange.asks) == std::string::npos)
      unexpected.push_back(exchange.asks + " was not asked: " + target);
    // An answer of the wrong kind would be a fault of the script.
    return std::move(exchange.answer);
  }

  StillClock& clock_;
};

}  // namespace podmirror::testing
