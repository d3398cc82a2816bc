#include "operator/compile/place.h"

#include <algorithm>
#include <set>

#include "operator/compile/resolve_targets.h"

namespace podmirror::compile {
namespace {

std::vector<ObjectKey> Keys(const std::vector<const ActiveSession*>& sessions) {
  std::vector<ObjectKey> keys;
  keys.reserve(sessions.size());
  for (const ActiveSession* session : sessions) keys.push_back(session->session->meta.key);
  return keys;
}

DesiredSource MakeSource(const Source& source) {
  const api::Meta& meta = source.pod->meta;
  return {meta.key, meta.uid, source.pod->ips, Keys(source.ingress), Keys(source.egress)};
}

DesiredSession MakeSession(const ActiveSession& active) {
  const api::TrafficMirrorSession& session = *active.session;
  return {.key = session.meta.key,
          .uid = session.meta.uid,
          .vni = *active.verdict->vni,
          .filter = active.filter->meta.key,
          .target = active.verdict->target,
          .packet_length = session.spec->packet_length,
          .expires_at = session.spec->expires_at};
}

DesiredFilter MakeFilter(const api::TrafficMirrorFilter& filter) {
  return {filter.meta.key, filter.spec->ingress, filter.spec->egress, filter.spec->infrastructure,
          filter.spec->cluster_dns};
}

// What the sources of one node use.
struct Used {
  std::vector<DesiredSource> sources;
  std::map<ObjectKey, const ActiveSession*> sessions;
};

void Add(const Source& source, Used& used) {
  if (source.ingress.empty() && source.egress.empty()) return;
  used.sources.push_back(MakeSource(source));
  for (const auto* sessions : {&source.ingress, &source.egress}) {
    for (const ActiveSession* session : *sessions) used.sessions.emplace(session->session->meta.key, session);
  }
}

DesiredState MakeState(Used used, const Verdicts& verdicts, const std::vector<SocketAddress>& collectors,
                       const std::vector<SocketAddress>& cluster_dns) {
  DesiredState state;
  state.sources = std::move(used.sources);
  state.collectors = collectors;
  std::map<ObjectKey, const api::TrafficMirrorFilter*> filters;
  std::set<ObjectKey> targets;
  for (const auto& [key, session] : used.sessions) {
    state.sessions.push_back(MakeSession(*session));
    filters.emplace(session->filter->meta.key, session->filter);
    targets.insert(session->verdict->target);
  }
  for (const auto& [key, filter] : filters) state.filters.push_back(MakeFilter(*filter));
  for (const ObjectKey& key : targets) state.targets.push_back({key, UsableEndpoints(verdicts.targets.at(key))});
  if (std::ranges::any_of(state.filters, &DesiredFilter::cluster_dns)) state.cluster_dns = cluster_dns;
  return state;
}

}  // namespace

std::map<NodeName, Shared<DesiredState>> Place(const std::vector<Source>& sources, const Verdicts& verdicts,
                                               const std::vector<SocketAddress>& collectors,
                                               const std::vector<SocketAddress>& cluster_dns) {
  std::map<NodeName, Used> nodes;
  for (const Source& source : sources) Add(source, nodes[source.pod->node]);
  std::map<NodeName, Shared<DesiredState>> states;
  for (auto& [node, used] : nodes) {
    if (used.sources.empty()) continue;
    states.emplace(node, Shared(MakeState(std::move(used), verdicts, collectors, cluster_dns)));
  }
  return states;
}

std::vector<SocketAddress> CollectorAddresses(const std::vector<ActiveSession>& active, const Verdicts& verdicts) {
  std::set<ObjectKey> targets;
  for (const ActiveSession& session : active) targets.insert(session.verdict->target);
  std::set<SocketAddress> addresses;
  for (const ObjectKey& key : targets) {
    for (const SocketAddress& endpoint : UsableEndpoints(verdicts.targets.at(key))) addresses.insert(endpoint);
  }
  return {addresses.begin(), addresses.end()};
}

}  // namespace podmirror::compile
