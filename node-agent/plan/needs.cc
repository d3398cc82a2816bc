#include "node-agent/plan/needs.h"

#include <tuple>

#include "node-agent/plan/lower_abi.h"

namespace podmirror::plan {
namespace {

enum class Kind {
  kBase,
  kBudget,
  kEndpoint,
  kTarget,
  kRuleset,
  kSlot,
  kCounters,
  kInterface,
  kIndex,
  kHook,
  kLink,
  kUplink
};

// A thing of the kernel; `part` is the direction where there are two.
using Thing = std::tuple<Kind, std::uint32_t, std::uint32_t>;

Socket CollectorOf(const Endpoint& endpoint) {
  return LowerSocket({RaiseV4(endpoint.value.daddr_be), endpoint.value.dport});
}

// Who refers to what in the observed state: their ops must come before the removal.
struct References {
  explicit References(const Observed& observed) {
    for (const auto& [ifindex, interface] : observed.interfaces) {
      if (!interface.entry) continue;
      ifindex_of_index[interface.entry->index] = ifindex;
      index_of_ifindex[ifindex] = interface.entry->index;
      for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
        if (!interface.hooks[direction]) continue;
        const Thing hook{Kind::kHook, interface.entry->index, direction};
        rulesets.emplace(interface.hooks[direction]->value.ruleset, hook);
        for (const pm_hook_session& session : Sessions(*interface.hooks[direction]))
          targets.emplace(session.target, hook);
      }
    }
    for (const auto& [id, target] : observed.targets) {
      for (std::uint32_t endpoint : EndpointsOf(*target)) endpoints.emplace(endpoint, Thing{Kind::kTarget, id, 0});
    }
    for (const auto& [id, endpoint] : observed.endpoints) {
      budgets.emplace(endpoint.value.budget, Thing{Kind::kEndpoint, id, 0});
      collectors.emplace(CollectorOf(endpoint), Thing{Kind::kEndpoint, id, 0});
      if (endpoint.value.flags & PM_ENDPOINT_DIRECT)
        uplinks.emplace(endpoint.value.ifindex, Thing{Kind::kEndpoint, id, 0});
    }
  }

  std::map<std::uint32_t, std::uint32_t> ifindex_of_index, index_of_ifindex;
  std::multimap<std::uint32_t, Thing> rulesets, targets, endpoints, budgets;  // by id
  std::multimap<std::uint32_t, Thing> uplinks;                                // by ifindex
  std::multimap<Socket, Thing> collectors;
};

// Visits the ops in order; a thing is needed from the last op that touched it.
class Finder {
 public:
  Finder(const Observed& observed, const Observed& wanted) : references_(observed), wanted_(wanted) {}

  OpNeeds Find(const std::vector<Op>& ops) {
    for (position_ = 0; position_ < ops.size(); ++position_) std::visit(*this, ops[position_]);
    return std::move(needs_);
  }

  void operator()(const CreateBase&) { Touch({Kind::kBase, 0, 0}); }
  void operator()(const PutConfig&) { Need({Kind::kBase, 0, 0}); }
  void operator()(const PutBudget& op) { Touch({Kind::kBudget, op.id, 0}); }
  void operator()(const PutEndpoint& op) {
    Need({Kind::kBudget, op.endpoint.value.budget, 0});
    if (op.endpoint.value.flags & PM_ENDPOINT_DIRECT) Need({Kind::kUplink, op.endpoint.value.ifindex, 0});
    const auto guard = guards_.find(CollectorOf(op.endpoint));
    if (guard != guards_.end()) needs_[position_].insert(guard->second);
    Touch({Kind::kEndpoint, op.id, 0});
  }
  void operator()(const PutTarget& op) {
    for (std::uint32_t id : EndpointsOf(*op.target)) Need({Kind::kEndpoint, id, 0});
    Touch({Kind::kTarget, op.id, 0});
  }
  void operator()(const PutRuleset& op) { Touch({Kind::kRuleset, op.id, 0}); }
  void operator()(const ResetSlot& op) { Touch({Kind::kSlot, op.slot, 0}); }
  void operator()(const ResetInterfaceCounters& op) { Touch({Kind::kCounters, op.index, 0}); }
  void operator()(const PutInterface& op) {
    Need({Kind::kCounters, op.entry.index, 0});
    Need({Kind::kInterface, op.ifindex, 0});
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) Need({Kind::kLink, op.ifindex, direction});
    Touch({Kind::kInterface, op.ifindex, 0});
    Touch({Kind::kIndex, op.entry.index, 0});
  }
  void operator()(const PutHook& op) {
    Need({Kind::kRuleset, op.hook.value.ruleset, 0});
    Need({Kind::kCounters, op.index, 0});
    Need({Kind::kIndex, op.index, 0});
    for (const pm_hook_session& session : Sessions(op.hook)) {
      Need({Kind::kTarget, session.target, 0});
      Need({Kind::kSlot, session.slot, 0});
    }
    Touch({Kind::kHook, op.index, op.direction});
  }
  void operator()(const Attach& op) {
    Need({Kind::kInterface, op.ifindex, 0});
    Need({Kind::kHook, wanted_.interfaces.at(op.ifindex).entry->index, op.direction});
    Need({Kind::kLink, op.ifindex, op.direction});
  }
  void operator()(const Detach& op) { Touch({Kind::kLink, op.ifindex, op.direction}); }
  void operator()(const RemoveHook& op) {
    Need({Kind::kLink, references_.ifindex_of_index.at(op.index), op.direction});
    Touch({Kind::kHook, op.index, op.direction});
  }
  void operator()(const RemoveInterface& op) {
    for (std::uint32_t direction : {PM_INGRESS, PM_EGRESS}) {
      Need({Kind::kLink, op.ifindex, direction});
      Need({Kind::kHook, references_.index_of_ifindex.at(op.ifindex), direction});
    }
    Touch({Kind::kInterface, op.ifindex, 0});
  }
  void operator()(const RemoveRuleset& op) { NeedAll(references_.rulesets, op.id); }
  void operator()(const RemoveTarget& op) {
    NeedAll(references_.targets, op.id);
    Touch({Kind::kTarget, op.id, 0});
  }
  void operator()(const RemoveEndpoint& op) {
    NeedAll(references_.endpoints, op.id);
    Touch({Kind::kEndpoint, op.id, 0});
  }
  void operator()(const RemoveBudget& op) { NeedAll(references_.budgets, op.id); }
  void operator()(const AttachUplink& op) { Touch({Kind::kUplink, op.ifindex, 0}); }
  void operator()(const DetachUplink& op) { NeedAll(references_.uplinks, op.ifindex); }
  void operator()(const PutCollector& op) {
    Need({Kind::kBase, 0, 0});
    guards_[op.socket] = position_;
  }
  void operator()(const RemoveCollector& op) { NeedAll(references_.collectors, op.socket); }
  void operator()(const PutService&) { Need({Kind::kBase, 0, 0}); }
  void operator()(const RemoveService&) {}
  void operator()(const PutNeighbour&) {}
  void operator()(const RemoveNeighbour&) {}

 private:
  void Need(const Thing& thing) {
    const auto last = last_.find(thing);
    if (last != last_.end() && last->second != position_) needs_[position_].insert(last->second);
  }
  template <typename Index, typename Id>
  void NeedAll(const Index& references, const Id& id) {
    const auto [begin, end] = references.equal_range(id);
    for (auto it = begin; it != end; ++it) Need(it->second);
  }
  void Touch(const Thing& thing) {
    Need({Kind::kBase, 0, 0});
    last_[thing] = position_;
  }

  References references_;
  const Observed& wanted_;
  std::map<Thing, std::size_t> last_;
  std::map<Socket, std::size_t> guards_;
  OpNeeds needs_;
  std::size_t position_ = 0;
};

// The sources that an op serves by itself.
class Servant {
 public:
  explicit Servant(const Draft& draft) : draft_(draft) {
    for (const SourceDraft& source : draft.sources) {
      all_.insert(source.desired->pod);
      if (source.ifindex == 0) continue;
      by_ifindex_[source.ifindex] = source.desired->pod;
      by_index_[draft.wanted.interfaces.at(source.ifindex).entry->index] = source.desired->pod;
    }
    for (const auto& [key, id] : draft.target_ids)
      if (const auto sources = draft.sources_of_target.find(key); sources != draft.sources_of_target.end())
        Add(by_target_[id], sources->second);
    for (const auto& [address, endpoint] : draft.endpoints) {
      if (endpoint.next_hop != nullptr)
        Add(by_neighbour_[{endpoint.next_hop->ifindex, endpoint.next_hop->gateway}], endpoint.sources);
      if (!endpoint.id) continue;
      Add(by_endpoint_[*endpoint.id], endpoint.sources);
      Add(by_budget_[draft.wanted.endpoints.at(*endpoint.id).value.budget], endpoint.sources);
    }
  }

  std::set<ObjectKey> operator()(const CreateBase&) const { return all_; }
  std::set<ObjectKey> operator()(const PutConfig&) const { return all_; }
  std::set<ObjectKey> operator()(const PutCollector&) const { return all_; }
  std::set<ObjectKey> operator()(const PutService&) const { return draft_.dns_sources; }
  std::set<ObjectKey> operator()(const PutBudget& op) const { return Of(by_budget_, op.id); }
  std::set<ObjectKey> operator()(const PutNeighbour& op) const { return Of(by_neighbour_, op.neighbour); }
  std::set<ObjectKey> operator()(const PutEndpoint& op) const { return Of(by_endpoint_, op.id); }
  std::set<ObjectKey> operator()(const PutTarget& op) const { return Of(by_target_, op.id); }
  std::set<ObjectKey> operator()(const PutInterface& op) const { return One(by_ifindex_, op.ifindex); }
  std::set<ObjectKey> operator()(const Attach& op) const { return One(by_ifindex_, op.ifindex); }
  std::set<ObjectKey> operator()(const PutHook& op) const { return One(by_index_, op.index); }
  // Rulesets, counters and whatever clears the way serve those who need them; a removal serves nobody.
  template <typename Other>
  std::set<ObjectKey> operator()(const Other&) const {
    return {};
  }

 private:
  static void Add(std::set<ObjectKey>& to, const std::set<ObjectKey>& from) { to.insert(from.begin(), from.end()); }
  template <typename Map, typename Key>
  static std::set<ObjectKey> Of(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::set<ObjectKey>{} : found->second;
  }
  static std::set<ObjectKey> One(const std::map<std::uint32_t, ObjectKey>& map, std::uint32_t key) {
    const auto found = map.find(key);
    return found == map.end() ? std::set<ObjectKey>{} : std::set<ObjectKey>{found->second};
  }

  const Draft& draft_;
  std::set<ObjectKey> all_;
  std::map<std::uint32_t, ObjectKey> by_ifindex_, by_index_;
  std::map<std::uint32_t, std::set<ObjectKey>> by_target_, by_endpoint_, by_budget_;
  std::map<Neighbour, std::set<ObjectKey>> by_neighbour_;
};

}  // namespace

OpNeeds Needs(const std::vector<Op>& ops, const Observed& observed, const Observed& wanted) {
  return Finder(observed, wanted).Find(ops);
}

std::map<std::size_t, std::set<ObjectKey>> SourcesOfOps(const std::vector<Op>& ops, const OpNeeds& needs,
                                                        const Draft& draft) {
  std::map<std::size_t, std::set<ObjectKey>> sources;
  const Servant servant(draft);
  for (std::size_t op = ops.size(); op-- > 0;) {
    std::set<ObjectKey> own = std::visit(servant, ops[op]);
    own.insert(sources[op].begin(), sources[op].end());
    if (const auto found = needs.find(op); found != needs.end())
      for (std::size_t need : found->second) sources[need].insert(own.begin(), own.end());
    sources[op] = std::move(own);
  }
  std::erase_if(sources, [](const auto& entry) { return entry.second.empty(); });
  return sources;
}

}  // namespace podmirror::plan
