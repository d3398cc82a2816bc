// Names and verdicts of the published report joined with what the kernel counts. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/report.h"
#include "contract/desired_state.h"
#include "node-agent/app/counts.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/plan/state.h"

namespace podmirror::cli {

// Named as in the law of counters, in the order in which people read them.
using Terms = std::vector<std::pair<std::string_view, std::uint64_t>>;

std::uint64_t TermOf(const Terms& terms, std::string_view name);  // 0 where it is absent

struct SourceView {
  ObjectKey pod;
  std::string interface;
  std::string reason;
  std::string message;
  std::array<Terms, 2> terms;  // by Direction
};

struct SessionView {
  ObjectKey key;
  status::SessionStatus status;
  std::vector<SourceView> sources;
};

struct InterfaceView {
  std::string name;
  std::array<Terms, 2> terms;  // by Direction
};

struct View {
  std::vector<SessionView> sessions;
  std::map<ObjectKey, status::TargetStatus> targets;
  std::map<ObjectKey, status::FilterStatus> filters;
  std::vector<InterfaceView> interfaces;  // by name
  std::vector<std::string> law;           // violations; empty: it holds
};

// Finds an interface's name now; "" where it is gone.
using NameOfInterface = std::function<std::string(std::uint32_t ifindex)>;

// An interface that is gone keeps the name that the report has for it.
agent::Names NamesOf(const Report& report, const plan::Observed& observed, const NameOfInterface& name_of);

// All but `law`.
View Join(const Report& report, const plan::Observed& observed, const dataplane::Counters& counters,
          const agent::Names& names);

// As `status -o json` prints it.
std::string ToJson(const View& view);

}  // namespace podmirror::cli
