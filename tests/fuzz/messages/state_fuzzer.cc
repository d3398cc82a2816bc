// Any bytes as a desired state off the wire or off the disk.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "contract/limits.h"
#include "tests/fuzz/messages/promises.h"

namespace podmirror {
namespace {

bool Has(const auto& objects, const ObjectKey& key) {
  return std::ranges::any_of(objects, [&](const auto& object) { return object.key == key; });
}

void RequireWhole(const DesiredState& state) {
  for (const DesiredFilter& filter : state.filters) {
    for (const Direction direction : kDirections) {
      const auto& rules = filter.rules(direction);
      Require(rules.size() <= kMaxRulesPerDirection, "at most 256 rules");
      Require(std::ranges::is_sorted(rules, {}, &Rule::number), "rules are sorted");
    }
  }
  for (const DesiredSession& session : state.sessions) {
    Require(Has(state.filters, session.filter), "a session's filter is there");
    Require(Has(state.targets, session.target), "a session's target is there");
  }
  for (const DesiredSource& source : state.sources) {
    for (const Direction direction : kDirections) {
      Require(source.sessions(direction).size() <= kMaxSessionsPerPod, "at most 16 sessions");
      for (const ObjectKey& session : source.sessions(direction)) {
        Require(Has(state.sessions, session), "a source's session is there");
      }
    }
  }
}

}  // namespace
}  // namespace podmirror

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror;
  const auto decoded = DecodeStateMessage(std::string_view(reinterpret_cast<const char*>(data), size));
  RequireOneWriting(decoded, DecodeStateMessage);
  if (decoded.has_value()) RequireWhole(decoded->state);
  return 0;
}
