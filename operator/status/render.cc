#include "operator/status/render.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/reasons.h"

namespace podmirror::status {
namespace {

using Json = nlohmann::json;  // keys in the order of their bytes

// maxLength and maxItems of the CRDs, which count characters; bytes are never fewer.
constexpr std::size_t kMaxMessage = 32'768;
constexpr std::size_t kMaxReason = 1'024;
constexpr std::size_t kMaxFailures = 10;
constexpr std::size_t kMaxFailureMessage = 1'024;
constexpr std::size_t kMaxFailureReason = 64;
constexpr std::size_t kMaxName = 253;

constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Cut at a character's border. Control bytes would reach people's terminals: blanks instead.
std::string Text(std::string_view text, std::size_t most) {
  static constexpr std::string_view kEllipsis = "...";
  std::string cut(text.substr(0, most));
  if (text.size() > most) {
    std::size_t end = most - kEllipsis.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    cut.resize(end);
    cut += kEllipsis;
  }
  std::ranges::replace_if(cut, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return cut;
}

// The pattern of a condition's reason: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$'.
std::string Reason(std::string_view reason, std::size_t most) {
  const auto inner = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == ',' || c == ':'; };
  const bool good = !reason.empty() && reason.size() <= most && IsLetter(reason.front()) &&
                    std::ranges::all_of(reason, inner) && reason.back() != ',' && reason.back() != ':';
  return good ? std::string(reason) : "Unknown";
}

Json Conditions(const std::vector<Condition>& conditions, std::int64_t generation) {
  Json list = Json::array();
  for (const Condition& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", condition.status ? "True" : "False"},
                    {"observedGeneration", generation},
                    {"reason", Reason(condition.reason, kMaxReason)},
                    {"message", Text(condition.message, kMaxMessage)}});
  }
  return list;
}

Json Failures(const ObjectKey& session, const std::vector<SourceStatus>& sources) {
  Json list = Json::array();
  for (const SourceStatus& source : sources) {
    if (source.reason == reason::kMirroring || source.reason == reason::kPodFinished) continue;
    if (list.size() == kMaxFailures) break;
    const std::string pod = source.pod.ns == session.ns ? source.pod.name : source.pod.ToString();
    Json failure = {{"pod", Text(pod, kMaxName)}, {"reason", Reason(source.reason, kMaxFailureReason)}};
    if (!source.node.empty()) failure["node"] = Text(source.node, kMaxName);
    if (!source.message.empty()) failure["message"] = Text(source.message, kMaxFailureMessage);
    list.push_back(std::move(failure));
  }
  return list;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string Render(const ObjectKey& session, const SessionStatus& status, std::int64_t generation) {
  Json json = {
      {"observedGeneration", generation},
      {"sources", {{"selected", status.selected}, {"mirroring", status.mirroring}, {"failed", status.failed}}},
      {"nodes", status.nodes},
      {"conditions", Conditions(status.conditions, generation)},
  };
  if (status.vni) json["virtualNetworkID"] = status.vni->value();
  if (Json failures = Failures(session, status.sources); !failures.empty()) json["failures"] = std::move(failures);
  return Dump(json);
}

std::string Render(const TargetStatus& status, std::int64_t generation) {
  return Dump({{"observedGeneration", generation},
               {"endpoints", {{"ready", status.ready}, {"total", status.total}}},
               {"sessions", status.sessions},
               {"conditions", Conditions(status.conditions, generation)}});
}

std::string Render(const FilterStatus& status, std::int64_t generation) {
  return Dump({{"observedGeneration", generation},
               {"sessions", status.sessions},
               {"conditions", Conditions(status.conditions, generation)}});
}

}  // namespace podmirror::status
