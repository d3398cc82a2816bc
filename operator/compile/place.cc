#include "operator/compile/place.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "operator/compile/resolve_targets.h"

namespace podmirror::compile {
namespace {

DesiredSession MakeSession(const ActiveSession& active) {
  const api::TrafficMirrorSession& session = *active.session;
  return {.key = session.meta.key,
          .uid = session.meta.uid,
          .vni = *active.verdict->vni,
          .filter = active.filter->meta.key,
          .target = active.verdict->target,
          .packet_length = session.spec->packet_length,
          .expires_at = session.spec->expires_at,
          .tier = active.tier};
}

DesiredFilter MakeFilter(const api::TrafficMirrorFilter& filter) {
  return {filter.meta.key, filter.spec->ingress, filter.spec->egress, filter.spec->infrastructure,
          filter.spec->cluster_dns};
}

// The sources of one node, and the sessions that these use: positions in Parts::sessions.
struct Node {
  std::vector<const Source*> sources;
  std::vector<std::uint32_t> sessions;
};

std::vector<DesiredSession> UsedSessions(std::vector<std::uint32_t> positions, const Parts& parts) {
  std::ranges::sort(positions);
  positions.erase(std::ranges::unique(positions).begin(), positions.end());
  std::vector<DesiredSession> sessions;
  sessions.reserve(positions.size());
  for (const std::uint32_t position : positions) sessions.push_back(parts.sessions[position]);
  std::ranges::sort(sessions, {}, &DesiredSession::key);
  return sessions;
}

DesiredState MakeState(Node node, const Parts& parts) {
  DesiredState state;
  state.sources.reserve(node.sources.size());
  for (const Source* source : node.sources) state.sources.push_back(source->desired);
  state.sessions = UsedSessions(std::move(node.sessions), parts);
  std::set<ObjectKey> filters, targets;
  for (const DesiredSession& session : state.sessions) {
    filters.insert(session.filter);
    targets.insert(session.target);
  }
  for (const ObjectKey& key : filters) state.filters.push_back(parts.filters.at(key));
  for (const ObjectKey& key : targets) state.targets.push_back(parts.targets.at(key));
  state.collectors = parts.collectors;
  state.priority_collectors = parts.priority_collectors;
  if (std::ranges::any_of(state.filters, &DesiredFilter::cluster_dns)) state.cluster_dns = parts.cluster_dns;
  return state;
}

// Selections come by namespace, so the sources of a node come by pod.
std::unordered_map<std::string_view, Node> GroupByNode(const std::vector<Selection>& selections) {
  std::unordered_map<std::string_view, Node> nodes;
  for (const Selection& selection : selections) {
    for (const Source& source : selection.selected->sources) {
      Node& node = nodes[source.node];
      node.sources.push_back(&source);
      for (const std::uint32_t session : source.sessions) node.sessions.push_back(selection.sessions[session]);
    }
  }
  return nodes;
}

}  // namespace

Parts MakeParts(const std::vector<ActiveSession>& active, const Verdicts& verdicts,
                std::vector<SocketAddress> cluster_dns) {
  Parts parts;
  std::set<SocketAddress> normal, priority;
  for (const ActiveSession& one : active) {
    parts.sessions.push_back(MakeSession(one));
    if (!parts.filters.contains(one.filter->meta.key)) parts.filters[one.filter->meta.key] = MakeFilter(*one.filter);
    const ObjectKey& target = one.verdict->target;
    const std::vector<SocketAddress> usable = UsableEndpoints(verdicts.targets.at(target));
    if (!parts.targets.contains(target)) parts.targets[target] = {target, usable};
    (one.tier == Tier::kPriority ? priority : normal).insert(usable.begin(), usable.end());
  }
  std::ranges::set_difference(normal, priority, std::back_inserter(parts.collectors));
  parts.priority_collectors.assign(priority.begin(), priority.end());
  parts.cluster_dns = std::move(cluster_dns);
  return parts;
}

PlacedNodes Place(const std::vector<Selection>& selections, const Parts& parts, const PlacedNodes& known,
                  bool same_parts) {
  PlacedNodes placed;
  for (auto& [name, node] : GroupByNode(selections)) {
    const auto old = known.find(std::string(name));
    if (old != known.end() && same_parts && old->second.sources == node.sources) {
      placed.emplace(name, old->second);
      continue;
    }
    std::vector<const Source*> sources = node.sources;
    DesiredState state = MakeState(std::move(node), parts);
    const bool equal = old != known.end() && *old->second.state == state;
    placed.emplace(name, Placed{std::move(sources), equal ? old->second.state : Shared(std::move(state))});
  }
  return placed;
}

}  // namespace podmirror::compile
