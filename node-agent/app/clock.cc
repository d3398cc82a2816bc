#include "node-agent/app/clock.h"

#include <ctime>

namespace podmirror::agent {

std::int64_t TaiMinusUtc() {
  timespec tai{};
  timespec utc{};
  clock_gettime(CLOCK_TAI, &tai);
  clock_gettime(CLOCK_REALTIME, &utc);
  const std::int64_t difference = (tai.tv_sec - utc.tv_sec) * 1'000'000'000LL + (tai.tv_nsec - utc.tv_nsec);
  return (difference + 500'000'000LL) / 1'000'000'000LL * 1'000'000'000LL;
}

}  // namespace podmirror::agent
