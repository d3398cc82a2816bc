// Names, and which source holds which interface.
#include "contract/reasons.h"
#include "node-agent/plan/ids.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

bool HasSessions(const DesiredSource& source) { return !source.ingress.empty() || !source.egress.empty(); }

// Fills in the interface that was found, or why none was.
void FindInterface(const pods::PodLinks& links, SourceDraft& source) {
  const auto found = links.find(source.desired->pod);
  if (found == links.end()) {
    source.fault.Say(reason::kInterfaceNotFound, "no host-side interface of this pod has been found yet");
    return;
  }
  const pods::PodLink& link = found->second;
  source.interface = link.name;
  if (!link.reason.empty()) {
    source.fault.Say(link.reason, link.message);
  } else if (link.ifindex == 0) {
    source.fault.Say(reason::kInterfaceNotFound, "no host-side interface of this pod has been found");
  } else if (HasSessions(*source.desired)) {
    source.ifindex = link.ifindex;
  }
}

// The first source, by pod, holds an interface; the others say so.
void RefuseSharedInterface(std::map<std::uint32_t, ObjectKey>& owners, SourceDraft& source) {
  if (source.ifindex == 0) return;
  const auto [owner, first] = owners.emplace(source.ifindex, source.desired->pod);
  if (first) return;
  source.fault.Say(reason::kUnsupportedInterface, "interface " + source.interface + " is already mirrored for pod " +
                                                      owner->second.ToString() +
                                                      "; an interface can belong to one pod only");
  source.ifindex = 0;
}

// Keeps the index where the interface is the one that was there, else takes a new one.
void WantInterface(Draft& draft, IdPool& indices, SourceDraft& source) {
  if (source.ifindex == 0) return;
  pm_interface entry{};
  entry.identity = InterfaceIdentity(draft.links.at(source.desired->pod));
  const auto seen = draft.observed.interfaces.find(source.ifindex);
  if (seen != draft.observed.interfaces.end() && seen->second.entry && seen->second.entry->identity == entry.identity) {
    entry.index = seen->second.entry->index;
  } else if (const auto index = indices.Next()) {
    entry.index = *index;
  } else {
    source.fault.Say(reason::kNotProgrammed, "this node already mirrors " + std::to_string(PM_MAX_INTERFACES) +
                                                 " interfaces, the most it can; mirror fewer pods here");
    source.ifindex = 0;
    return;
  }
  draft.wanted.interfaces[source.ifindex].entry = entry;
}

void IndexUse(Draft& draft, const ObjectKey& pod, const ObjectKey& key) {
  const auto session = draft.sessions.find(key);
  if (session == draft.sessions.end()) return;
  draft.sources_of_target[session->second->target].insert(pod);
  const auto filter = draft.filters.find(session->second->filter);
  if (filter != draft.filters.end() && filter->second->cluster_dns) draft.dns_sources.insert(pod);
}

}  // namespace

void IndexNames(Draft& draft) {
  for (const DesiredSession& session : draft.desired.sessions) draft.sessions[session.key] = &session;
  for (const DesiredFilter& filter : draft.desired.filters) draft.filters[filter.key] = &filter;
  for (const DesiredSource& source : draft.desired.sources) {
    for (Direction direction : kDirections)
      for (const ObjectKey& session : source.sessions(direction)) IndexUse(draft, source.pod, session);
  }
  for (const DesiredTarget& target : draft.desired.targets) {
    const std::set<ObjectKey>& sources = draft.sources_of_target[target.key];
    for (const SocketAddress& address : target.endpoints)
      draft.endpoints[address].sources.insert(sources.begin(), sources.end());
  }
}

void ChooseInterfaces(Draft& draft) {
  IdPool indices(0, PM_MAX_INTERFACES);
  for (const auto& [ifindex, interface] : draft.observed.interfaces)
    if (interface.entry) indices.Use(interface.entry->index);
  std::map<std::uint32_t, ObjectKey> owners;
  for (const DesiredSource& desired : draft.desired.sources) {
    SourceDraft source{.desired = &desired, .interface = {}, .ifindex = 0, .fault = {}};
    FindInterface(draft.links, source);
    RefuseSharedInterface(owners, source);
    WantInterface(draft, indices, source);
    draft.sources.push_back(std::move(source));
  }
}

const Interface* Kept(const Observed& observed, std::uint32_t ifindex, const pm_interface& wanted) {
  const auto seen = observed.interfaces.find(ifindex);
  if (seen == observed.interfaces.end() || !seen->second.entry) return nullptr;
  const pm_interface& entry = *seen->second.entry;
  return entry.index == wanted.index && entry.identity == wanted.identity ? &seen->second : nullptr;
}

bool StartsAtZero(const Interface* kept) {
  return kept == nullptr || (!kept->hooks[PM_INGRESS] && !kept->hooks[PM_EGRESS]);
}

}  // namespace podmirror::plan
