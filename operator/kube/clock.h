// Time and chance, so that tests can have their own.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace podmirror::kube {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::steady_clock::time_point Now() = 0;  // from any thread
  virtual std::chrono::system_clock::time_point Wall() = 0;
  virtual void Pause(std::chrono::milliseconds pause) = 0;  // returns early after Interrupt()
  virtual double Chance() = 0;                              // from 0 to 1
  virtual void Interrupt() = 0;                             // from any thread: no Pause() waits from now on
};

std::unique_ptr<Clock> MakeClock();

// MicroTime of meta/v1: exactly six decimals, or the API server refuses it.
std::string FormatMicroTime(std::chrono::system_clock::time_point time);

}  // namespace podmirror::kube
