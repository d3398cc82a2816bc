#include "cli/join.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "node-agent/stats/law.h"

namespace podmirror::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDirectionCount = 2;

pm_direction Abi(Direction direction) { return direction == Direction::kIngress ? PM_INGRESS : PM_EGRESS; }

// sampled_out, rate_limited and sliced belong to the law and are 0 as long as nothing counts them.
Terms SessionTerms(const pm_session_counters& counters) {
  Terms terms;
  for (int i = 0; i < PM_SESSION_TERMS; ++i) {
    terms.emplace_back(stats::NameOf(static_cast<pm_session_term>(i)), counters.packets[i]);
  }
  for (const std::string_view later : {"sampled_out", "rate_limited", "sliced"}) terms.emplace_back(later, 0);
  terms.emplace_back("mirrored", stats::Mirrored(counters));
  for (int i = 0; i < PM_SEGMENT_TERMS; ++i) {
    terms.emplace_back(stats::NameOf(static_cast<pm_segment_term>(i)), counters.segments[i]);
  }
  terms.emplace_back("backlog_drop", stats::BacklogDrop(counters));
  terms.emplace_back("wire_sent", stats::WireSent(counters));
  terms.emplace_back("accepted_bytes", counters.bytes[PM_ACCEPTED]);
  terms.emplace_back("mirrored_bytes", counters.bytes[PM_SENT] + counters.bytes[PM_SEGMENTED]);
  return terms;
}

Terms InterfaceTerms(const pm_interface_counters& counters) {
  Terms terms;
  for (int i = 0; i < PM_INTERFACE_TERMS; ++i) {
    terms.emplace_back(stats::NameOf(static_cast<pm_interface_term>(i)), counters.packets[i]);
  }
  return terms;
}

std::span<const pm_hook_session> SessionsOf(const plan::Hook& hook) {
  return {hook.value.session, std::min<std::size_t>(hook.value.n_sessions, PM_MAX_SESSIONS)};
}

pm_interface_counters HookCounters(const pm_interface& entry, Direction direction,
                                   const dataplane::Counters& counters) {
  const std::size_t hook = entry.index * kDirectionCount + Abi(direction);
  return hook < counters.hooks.size() ? counters.hooks[hook] : pm_interface_counters{};
}

// The counters of a session on an interface, all zero where it is not programmed there.
Terms CountersOf(std::uint64_t session_key, std::uint32_t ifindex, Direction direction, const plan::Observed& observed,
                 const dataplane::Counters& counters) {
  const auto interface = observed.interfaces.find(ifindex);
  if (interface == observed.interfaces.end()) return SessionTerms({});
  const std::optional<plan::Hook>& hook = interface->second.hooks[Abi(direction)];
  if (!hook.has_value()) return SessionTerms({});
  for (const pm_hook_session& session : SessionsOf(*hook)) {
    if (session.key == session_key && session.slot < counters.slots.size()) {
      return SessionTerms(counters.slots[session.slot]);
    }
  }
  return SessionTerms({});
}

SourceView MakeSource(const status::SourceStatus& source, const ObjectKey& session, const Report& report,
                      const plan::Observed& observed, const dataplane::Counters& counters) {
  SourceView view{source.pod, source.interface, source.reason, source.message, {}};
  const auto key = report.session_keys.find(session);
  const auto ifindex = report.ifindexes.find(source.pod);
  const bool joined = key != report.session_keys.end() && ifindex != report.ifindexes.end();
  for (const Direction direction : kDirections) {
    view.terms[Abi(direction)] =
        joined ? CountersOf(key->second, ifindex->second, direction, observed, counters) : SessionTerms({});
  }
  return view;
}

Json ToJson(const Terms& terms) {
  Json json = Json::object();
  for (const auto& [name, value] : terms) json[std::string(name)] = value;
  return json;
}

Json ToJson(const SessionView& session) {
  Json conditions = Json::array();
  for (const status::Condition& condition : session.status.conditions) {
    conditions.push_back({{"type", condition.type},
                          {"status", condition.status ? "True" : "False"},
                          {"reason", condition.reason},
                          {"message", condition.message}});
  }
  Json sources = Json::array();
  for (const SourceView& source : session.sources) {
    sources.push_back({{"namespace", source.pod.ns},
                       {"pod", source.pod.name},
                       {"interface", source.interface},
                       {"reason", source.reason},
                       {"ingress", ToJson(source.terms[PM_INGRESS])},
                       {"egress", ToJson(source.terms[PM_EGRESS])}});
  }
  return {{"namespace", session.key.ns},
          {"name", session.key.name},
          {"vni", session.status.vni.has_value() ? Json(session.status.vni->value()) : Json(nullptr)},
          {"conditions", std::move(conditions)},
          {"sources", std::move(sources)}};
}

Json ToJson(const ObjectKey& key, const status::TargetStatus& target) {
  Json endpoints = Json::array();
  for (const status::EndpointStatus& endpoint : target.endpoints) {
    endpoints.push_back(
        {{"ip", endpoint.endpoint.ip.ToString()}, {"port", endpoint.endpoint.port}, {"reason", endpoint.reason}});
  }
  return {{"namespace", key.ns}, {"name", key.name}, {"endpoints", std::move(endpoints)}};
}

}  // namespace

std::uint64_t TermOf(const Terms& terms, std::string_view name) {
  const auto found = std::ranges::find(terms, name, &Terms::value_type::first);
  return found == terms.end() ? 0 : found->second;
}

agent::Names NamesOf(const Report& report, const plan::Observed& observed, const NameOfInterface& name_of) {
  agent::Names names;
  for (const auto& [key, session] : report.status.sessions) {
    for (const status::SourceStatus& source : session.sources) {
      const auto ifindex = report.ifindexes.find(source.pod);
      if (ifindex != report.ifindexes.end() && !source.interface.empty()) {
        names.interfaces[ifindex->second] = source.interface;
      }
    }
  }
  for (const auto& [ifindex, interface] : observed.interfaces) {
    if (std::string name = name_of(ifindex); !name.empty()) names.interfaces[ifindex] = std::move(name);
    names.interfaces.try_emplace(ifindex, "#" + std::to_string(ifindex));
  }
  for (const auto& [key, hash] : report.session_keys) names.sessions[hash] = key.ToString();
  return names;
}

View Join(const Report& report, const plan::Observed& observed, const dataplane::Counters& counters,
          const agent::Names& names) {
  View view;
  view.targets = report.status.targets;
  view.filters = report.status.filters;
  for (const auto& [key, session] : report.status.sessions) {
    SessionView item{key, session, {}};
    for (const status::SourceStatus& source : session.sources) {
      item.sources.push_back(MakeSource(source, key, report, observed, counters));
    }
    view.sessions.push_back(std::move(item));
  }
  for (const auto& [ifindex, interface] : observed.interfaces) {
    if (!interface.entry.has_value()) continue;
    const auto name = names.interfaces.find(ifindex);
    InterfaceView item{name == names.interfaces.end() ? "" : name->second, {}};
    for (const Direction direction : kDirections) {
      item.terms[Abi(direction)] = InterfaceTerms(HookCounters(*interface.entry, direction, counters));
    }
    view.interfaces.push_back(std::move(item));
  }
  std::ranges::sort(view.interfaces, {}, &InterfaceView::name);
  return view;
}

std::string ToJson(const View& view) {
  Json json = {{"sessions", Json::array()}, {"targets", Json::array()}, {"interfaces", Json::array()}, {"law", "ok"}};
  for (const SessionView& session : view.sessions) json["sessions"].push_back(ToJson(session));
  for (const auto& [key, target] : view.targets) json["targets"].push_back(ToJson(key, target));
  for (const InterfaceView& interface : view.interfaces) {
    json["interfaces"].push_back({{"name", interface.name},
                                  {"ingress", ToJson(interface.terms[PM_INGRESS])},
                                  {"egress", ToJson(interface.terms[PM_EGRESS])}});
  }
  if (!view.law.empty()) json["law"] = view.law;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace podmirror::cli
