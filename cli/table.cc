#include "cli/table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "contract/reasons.h"

namespace podmirror::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Why copies are fewer than packets, in the order of the way.
constexpr std::string_view kSkipped[] = {
    "excluded",     "rejected",      "no_match",   "sampled_out", "rate_limited",     "over_budget", "drop_no_endpoint",
    "clone_failed", "drop_truncate", "drop_encap", "drop_send",   "segments_dropped", "backlog_drop"};
constexpr std::string_view kBeside[] = {"mtu_truncated", "cut_late"};

// The first condition that is not well, else the one that says most.
const status::Condition* Worst(const std::vector<status::Condition>& conditions) {
  for (const status::Condition& condition : conditions) {
    if (!condition.status) return &condition;
  }
  return nullptr;
}

const status::Condition* Find(const std::vector<status::Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &status::Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

std::string Reason(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : reason + ": " + message;
}

std::string Count(int count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

// Reasons with which a True condition has something to say.
bool IsRemark(const status::Condition& condition) {
  return condition.reason != condition.type && condition.reason != reason::kResolvedRefs &&
         condition.reason != reason::kReady && condition.reason != reason::kProgrammed &&
         condition.reason != reason::kAccepted;
}

std::string Remarks(const std::vector<status::Condition>& conditions) {
  std::string text;
  for (const status::Condition& condition : conditions) {
    if (!condition.status || !IsRemark(condition)) continue;
    text += "; " + Reason(condition.reason, condition.message);
  }
  return text;
}

// "Accepted, ResolvedRefs, not Programmed"
std::string Summary(const std::vector<status::Condition>& conditions) {
  std::string text;
  for (const status::Condition& condition : conditions) {
    if (!text.empty()) text += ", ";
    text += (condition.status ? "" : "not ") + condition.type;
  }
  return text;
}

Line SessionLine(const status::SessionStatus& session) {
  const std::string mirroring =
      " (" + std::to_string(session.mirroring) + " of " + Count(session.selected, "pod") + " mirroring)";
  if (const status::Condition* worst = Worst(session.conditions)) {
    if (worst->reason == reason::kPartlyProgrammed) return {Level::kWarning, worst->reason + mirroring};
    const bool wanted = worst->reason == reason::kPaused || worst->reason == reason::kExpired;
    return {wanted ? Level::kInfo : Level::kWarning, Reason(worst->reason, worst->message)};
  }
  const status::Condition* programmed = Find(session.conditions, "Programmed");
  const bool remarks = programmed != nullptr && IsRemark(*programmed);
  return {remarks ? Level::kWarning : Level::kInfo,
          std::string(reason::kProgrammed) + mirroring + Remarks(session.conditions)};
}

Line TargetLine(const status::TargetStatus& target) {
  if (const status::Condition* worst = Worst(target.conditions)) {
    return {Level::kWarning, Reason(worst->reason, worst->message)};
  }
  return {Level::kInfo, "Ready (" + std::to_string(target.ready) + " of " + Count(target.total, "endpoint") + ")" +
                            Remarks(target.conditions)};
}

Line FilterLine(const status::FilterStatus& filter) {
  if (const status::Condition* worst = Worst(filter.conditions)) {
    return {Level::kWarning, Reason(worst->reason, worst->message)};
  }
  return {Level::kInfo, "Accepted (used by " + Count(filter.sessions, "session") + ")"};
}

void AppendDetails(std::string& out, const std::vector<status::Condition>& conditions, std::string_view object) {
  for (const status::Condition& condition : conditions) {
    if (condition.status && !IsRemark(condition)) continue;
    // Its sources say it in lines of their own.
    if (condition.reason == reason::kPartlyProgrammed) continue;
    out += "  " + std::string(object) + ": " + condition.type + (condition.status ? "" : " False") + ": " +
           OneLine(Reason(condition.reason, condition.message)) + "\n";
  }
}

std::string Skipped(const Terms& terms) {
  std::string text;
  for (const std::string_view term : kSkipped) {
    if (const std::uint64_t count = TermOf(terms, term); count != 0) {
      text += (text.empty() ? "" : ", ") + std::string(term) + " " + std::to_string(count);
    }
  }
  std::string beside;
  for (const std::string_view term : kBeside) {
    if (const std::uint64_t count = TermOf(terms, term); count != 0) {
      beside += (beside.empty() ? "" : ", ") + std::string(term) + " " + std::to_string(count);
    }
  }
  if (text.empty()) text = "-";
  return beside.empty() ? text : text + " (mirrored, but " + beside + ")";
}

std::string_view Name(Direction direction) { return direction == Direction::kIngress ? "ingress" : "egress"; }

std::string SourceTable(const View& view) {
  Rows rows = {{"SESSION", "POD", "INTERFACE", "DIRECTION", "SEEN", "MIRRORED", "SKIPPED"}};
  for (const SessionView& session : view.sessions) {
    for (const SourceView& source : session.sources) {
      for (const Direction direction : kDirections) {
        const Terms& terms = source.terms[static_cast<std::size_t>(direction)];
        rows.push_back({session.key.ToString(), source.pod.ToString(),
                        source.interface.empty() ? "-" : source.interface, std::string(Name(direction)),
                        std::to_string(TermOf(terms, "evaluated")), std::to_string(TermOf(terms, "mirrored")),
                        Skipped(terms)});
      }
    }
  }
  return rows.size() == 1 ? "" : Align(rows);
}

std::string InterfaceTable(const View& view) {
  Rows rows = {{"INTERFACE", "DIRECTION", "SEEN", "ACCEPTED", "UNMATCHED", "GUARDED", "MALFORMED", "NON-IP"}};
  for (const InterfaceView& interface : view.interfaces) {
    for (const Direction direction : kDirections) {
      std::vector<std::string> row = {interface.name, std::string(Name(direction))};
      for (const char* term : {"seen", "accepted_total", "unmatched", "guarded", "malformed", "non_ip"}) {
        row.push_back(std::to_string(TermOf(interface.terms[static_cast<std::size_t>(direction)], term)));
      }
      rows.push_back(std::move(row));
    }
  }
  return rows.size() == 1 ? "" : Align(rows);
}

}  // namespace

std::string Align(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], OneLine(row[i]).size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = OneLine(row[i]);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - cell.size() + 2, ' ');
    }
    text += line + "\n";
  }
  return text;
}

std::string VerdictTable(const status::Status& status) {
  std::string details;
  std::string out;
  Rows sessions = {{"SESSION", "VNI", "SELECTED", "MIRRORING", "CONDITIONS"}};
  for (const auto& [key, session] : status.sessions) {
    sessions.push_back({key.ToString(), session.vni.has_value() ? std::to_string(session.vni->value()) : "-",
                        std::to_string(session.selected), std::to_string(session.mirroring),
                        Summary(session.conditions)});
    AppendDetails(details, session.conditions, "session " + key.ToString());
    for (const status::SourceStatus& source : session.sources) {
      if (source.reason == reason::kMirroring) continue;
      details += "  session " + key.ToString() + ", pod " + source.pod.ToString() + ": " +
                 OneLine(Reason(source.reason, source.message)) + "\n";
    }
  }
  if (sessions.size() > 1) out += Align(sessions);

  Rows targets = {{"TARGET", "READY", "TOTAL", "SESSIONS", "CONDITIONS"}};
  for (const auto& [key, target] : status.targets) {
    targets.push_back({key.ToString(), std::to_string(target.ready), std::to_string(target.total),
                       std::to_string(target.sessions), Summary(target.conditions)});
    AppendDetails(details, target.conditions, "target " + key.ToString());
    for (const status::EndpointStatus& endpoint : target.endpoints) {
      if (endpoint.reason == reason::kReady) continue;
      details += "  target " + key.ToString() + ", endpoint " + endpoint.endpoint.ToString() + ": " +
                 OneLine(Reason(endpoint.reason, endpoint.message)) + "\n";
    }
  }
  if (targets.size() > 1) out += (out.empty() ? "" : "\n") + Align(targets);

  Rows filters = {{"FILTER", "SESSIONS", "CONDITIONS"}};
  for (const auto& [key, filter] : status.filters) {
    filters.push_back({key.ToString(), std::to_string(filter.sessions), Summary(filter.conditions)});
    AppendDetails(details, filter.conditions, "filter " + key.ToString());
  }
  if (filters.size() > 1) out += (out.empty() ? "" : "\n") + Align(filters);
  if (out.empty()) return "No sessions, targets or filters.\n";
  if (!details.empty()) out += "\nTo look at:\n" + details;
  return out;
}

std::string StatusTable(const View& view) {
  status::Status status;
  for (const SessionView& session : view.sessions) status.sessions[session.key] = session.status;
  status.targets = view.targets;
  status.filters = view.filters;
  std::string out = VerdictTable(status);
  if (const std::string sources = SourceTable(view); !sources.empty()) out += "\n" + sources;
  if (const std::string interfaces = InterfaceTable(view); !interfaces.empty()) out += "\n" + interfaces;
  out += "\nlaw: " + std::string(view.law.empty() ? "ok" : "violated") + "\n";
  for (const std::string& violation : view.law) out += "  " + OneLine(violation) + "\n";
  return out;
}

std::map<std::string, Line> Lines(const status::Status& status) {
  std::map<std::string, Line> lines;
  for (const auto& [key, session] : status.sessions) {
    lines["session " + key.ToString()] = SessionLine(session);
    for (const status::SourceStatus& source : session.sources) {
      const bool well = source.reason == reason::kMirroring;
      lines["session " + key.ToString() + ", pod " + source.pod.ToString()] = {
          well ? Level::kInfo : Level::kWarning,
          well ? source.reason + " on " + source.interface : Reason(source.reason, source.message), true};
    }
  }
  for (const auto& [key, target] : status.targets) {
    lines["target " + key.ToString()] = TargetLine(target);
    for (const status::EndpointStatus& endpoint : target.endpoints) {
      const bool well = endpoint.reason == reason::kReady;
      lines["target " + key.ToString() + ", endpoint " + endpoint.endpoint.ToString()] = {
          well ? Level::kInfo : Level::kWarning, well ? endpoint.reason : Reason(endpoint.reason, endpoint.message),
          true};
    }
  }
  for (const auto& [key, filter] : status.filters) lines["filter " + key.ToString()] = FilterLine(filter);
  return lines;
}

std::vector<Line> Changes(const std::map<std::string, Line>& before, const std::map<std::string, Line>& after) {
  std::vector<Line> changes;
  for (const auto& [object, line] : after) {
    const auto old = before.find(object);
    if (old != before.end() && old->second == line) continue;
    if (line.detail && line.level == Level::kInfo && (old == before.end() || old->second.level == Level::kInfo))
      continue;
    changes.push_back({line.level, object + ": " + line.text});
  }
  for (const auto& [object, line] : before) {
    if (!line.detail && !after.contains(object)) changes.push_back({Level::kInfo, object + ": gone"});
  }
  return changes;
}

}  // namespace podmirror::cli
