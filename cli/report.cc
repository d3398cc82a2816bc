#include "cli/report.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "node-agent/plan/plan.h"

namespace podmirror::cli {
namespace {

using Json = nlohmann::json;
using status::Condition;

constexpr int kVersion = 1;  // of the text below

Json Key(const ObjectKey& key) { return {{"namespace", key.ns}, {"name", key.name}}; }

ObjectKey ReadKey(const Json& json) {
  return {json.at("namespace").get<std::string>(), json.at("name").get<std::string>()};
}

Json Conditions(const std::vector<Condition>& conditions) {
  Json list = Json::array();
  for (const Condition& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", condition.status},
                    {"reason", condition.reason},
                    {"message", condition.message}});
  }
  return list;
}

std::vector<Condition> ReadConditions(const Json& json) {
  std::vector<Condition> conditions;
  for (const Json& item : json) {
    conditions.push_back({item.at("type").get<std::string>(), item.at("status").get<bool>(),
                          item.at("reason").get<std::string>(), item.at("message").get<std::string>()});
  }
  return conditions;
}

Json Session(const ObjectKey& key, const status::SessionStatus& session, const Report& report) {
  Json json = Key(key);
  json["vni"] = session.vni.has_value() ? Json(session.vni->value()) : Json(nullptr);
  json["selected"] = session.selected;
  json["mirroring"] = session.mirroring;
  json["failed"] = session.failed;
  json["nodes"] = session.nodes;
  json["conditions"] = Conditions(session.conditions);
  if (const auto found = report.session_keys.find(key); found != report.session_keys.end()) json["key"] = found->second;
  json["sources"] = Json::array();
  for (const status::SourceStatus& source : session.sources) {
    json["sources"].push_back({{"pod", Key(source.pod)},
                               {"node", source.node},
                               {"interface", source.interface},
                               {"reason", source.reason},
                               {"message", source.message}});
  }
  return json;
}

void ReadSession(const Json& json, Report& report) {
  const ObjectKey key = ReadKey(json);
  status::SessionStatus session;
  if (const Json& vni = json.at("vni"); !vni.is_null()) {
    if (const Result<Vni> valid = Vni::Make(vni.get<std::int64_t>()); valid.has_value()) session.vni = *valid;
  }
  session.selected = json.at("selected").get<int>();
  session.mirroring = json.at("mirroring").get<int>();
  session.failed = json.at("failed").get<int>();
  session.nodes = json.at("nodes").get<int>();
  session.conditions = ReadConditions(json.at("conditions"));
  for (const Json& item : json.at("sources")) {
    session.sources.push_back({ReadKey(item.at("pod")), item.at("node").get<std::string>(),
                               item.at("interface").get<std::string>(), item.at("reason").get<std::string>(),
                               item.at("message").get<std::string>()});
  }
  if (json.contains("key")) report.session_keys[key] = json.at("key").get<std::uint64_t>();
  report.status.sessions[key] = std::move(session);
}

Json Target(const ObjectKey& key, const status::TargetStatus& target) {
  Json json = Key(key);
  json["ready"] = target.ready;
  json["total"] = target.total;
  json["sessions"] = target.sessions;
  json["conditions"] = Conditions(target.conditions);
  json["endpoints"] = Json::array();
  for (const status::EndpointStatus& endpoint : target.endpoints) {
    json["endpoints"].push_back({{"ip", endpoint.endpoint.ip.ToString()},
                                 {"port", endpoint.endpoint.port},
                                 {"reason", endpoint.reason},
                                 {"message", endpoint.message}});
  }
  return json;
}

void ReadTarget(const Json& json, Report& report) {
  status::TargetStatus target;
  target.ready = json.at("ready").get<int>();
  target.total = json.at("total").get<int>();
  target.sessions = json.at("sessions").get<int>();
  target.conditions = ReadConditions(json.at("conditions"));
  for (const Json& item : json.at("endpoints")) {
    const Result<IpAddress> ip = IpAddress::Parse(item.at("ip").get<std::string>());
    if (!ip.has_value()) continue;
    target.endpoints.push_back({{*ip, item.at("port").get<std::uint16_t>()},
                                item.at("reason").get<std::string>(),
                                item.at("message").get<std::string>()});
  }
  report.status.targets[ReadKey(json)] = std::move(target);
}

Report Read(const Json& json) {
  Report report;
  for (const Json& item : json.at("sessions")) ReadSession(item, report);
  for (const Json& item : json.at("targets")) ReadTarget(item, report);
  for (const Json& item : json.at("filters")) {
    report.status.filters[ReadKey(item)] = {item.at("sessions").get<int>(), ReadConditions(item.at("conditions"))};
  }
  for (const Json& item : json.at("interfaces")) {
    report.ifindexes[ReadKey(item.at("pod"))] = item.at("ifindex").get<std::uint32_t>();
  }
  return report;
}

}  // namespace

Report MakeReport(const status::Status& status, const DesiredState& desired, const pods::PodLinks& links) {
  Report report;
  report.status = status;
  for (const DesiredSession& session : desired.sessions) report.session_keys[session.key] = plan::SessionKey(session);
  for (const DesiredSource& source : desired.sources) {
    const auto link = links.find(source.pod);
    if (link != links.end() && link->second.ifindex != 0) report.ifindexes[source.pod] = link->second.ifindex;
  }
  return report;
}

std::string Encode(const Report& report) {
  Json json = {{"version", kVersion},
               {"sessions", Json::array()},
               {"targets", Json::array()},
               {"filters", Json::array()},
               {"interfaces", Json::array()}};
  for (const auto& [key, session] : report.status.sessions) json["sessions"].push_back(Session(key, session, report));
  for (const auto& [key, target] : report.status.targets) json["targets"].push_back(Target(key, target));
  for (const auto& [key, filter] : report.status.filters) {
    Json item = Key(key);
    item["sessions"] = filter.sessions;
    item["conditions"] = Conditions(filter.conditions);
    json["filters"].push_back(std::move(item));
  }
  for (const auto& [pod, ifindex] : report.ifindexes) {
    json["interfaces"].push_back({{"pod", Key(pod)}, {"ifindex", ifindex}});
  }
  // Bytes of messages that are no UTF-8 must not cost us the report.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Report> DecodeReport(std::string_view text) {
  const Error unreadable{"the published report cannot be read", "",
                         "start `podmirror local` again: it writes a new one"};
  try {
    const Json json = Json::parse(text);
    if (json.at("version") != kVersion) return std::unexpected(unreadable);
    return Read(json);
  } catch (const Json::exception&) {
    return std::unexpected(unreadable);
  }
}

}  // namespace podmirror::cli
