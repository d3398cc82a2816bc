#include "tests/support/compiled_text.h"

#include <nlohmann/json.hpp>

#include "contract/codec.h"

namespace podmirror::testing {
namespace {

using Json = nlohmann::ordered_json;

// "ok", or what is to say.
Json Text(const compile::Finding& finding) {
  if (finding == compile::Finding()) return "ok";
  return {{"ok", finding.ok}, {"reason", finding.reason}, {"message", finding.message}};
}

void AddReason(Json& json, const std::string& reason, const std::string& message) {
  if (!reason.empty()) json["reason"] = reason;
  if (!message.empty()) json["message"] = message;
}

Json Text(const compile::FilterVerdict& verdict) {
  return {{"accepted", Text(verdict.accepted)}, {"sessions", verdict.sessions}};
}

Json Text(const compile::TargetVerdict& verdict) {
  Json json{{"accepted", Text(verdict.accepted)},
            {"resolved", Text(verdict.resolved)},
            {"ready", Text(verdict.ready)},
            {"endpoints", Json::array()},
            {"total", verdict.total},
            {"sessions", verdict.sessions}};
  for (const compile::EndpointVerdict& endpoint : verdict.endpoints) {
    Json one{{"endpoint", endpoint.endpoint.ToString()}};
    if (!endpoint.pod.empty()) one["pod"] = endpoint.pod;
    AddReason(one, endpoint.reason, endpoint.message);
    json["endpoints"].push_back(std::move(one));
  }
  return json;
}

Json Text(const compile::SessionVerdict& verdict) {
  Json json{{"accepted", Text(verdict.accepted)},
            {"resolved", Text(verdict.resolved)},
            {"active", Text(verdict.active)},
            {"targetReady", Text(verdict.target_ready)}};
  if (verdict.vni) json["vni"] = verdict.vni->value();
  json["sources"] = Json::array();
  for (const compile::SourceVerdict& source : verdict.sources) {
    Json one{{"pod", source.pod.ToString()}};
    if (!source.node.empty()) one["node"] = source.node;
    AddReason(one, source.reason, source.message);
    json["sources"].push_back(std::move(one));
  }
  return json;
}

template <typename Verdict>
Json Text(const std::map<ObjectKey, Verdict>& verdicts) {
  Json json = Json::object();
  for (const auto& [key, verdict] : verdicts) json[key.ToString()] = Text(verdict);
  return json;
}

}  // namespace

std::string TextOf(const compile::Compiled& compiled) {
  Json states = Json::object();
  for (const auto& [node, state] : compiled.states) states[node] = Json::parse(Encode(state));
  Json json{{"states", std::move(states)},
            {"filters", Text(compiled.verdicts.filters)},
            {"targets", Text(compiled.verdicts.targets)},
            {"sessions", Text(compiled.verdicts.sessions)}};
  if (compiled.next_change) json["nextChange"] = FormatInstant(*compiled.next_change);
  return json.dump(2) + "\n";
}

}  // namespace podmirror::testing
