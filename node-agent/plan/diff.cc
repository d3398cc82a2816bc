#include "node-agent/plan/diff.h"

#include "node-agent/plan/draft.h"

namespace podmirror::plan {
namespace {

using Ops = std::vector<Op>;

constexpr pm_direction kBoth[] = {PM_INGRESS, PM_EGRESS};

template <typename T>
bool Same(const T& a, const T& b) {
  return a == b;
}
bool Same(const Ruleset& a, const Ruleset& b) { return __builtin_memcmp(a.get(), b.get(), sizeof(*a)) == 0; }
bool Same(const Target& a, const Target& b) { return __builtin_memcmp(a.get(), b.get(), sizeof(*a)) == 0; }

template <typename PutOp, typename Value>
void PutChanged(const std::map<std::uint32_t, Value>& from, const std::map<std::uint32_t, Value>& to, Ops& ops) {
  for (const auto& [id, value] : to) {
    const auto old = from.find(id);
    if (old == from.end() || !Same(old->second, value)) ops.push_back(PutOp{id, value});
  }
}

template <typename RemoveOp, typename Value>
void RemoveGone(const std::map<std::uint32_t, Value>& from, const std::map<std::uint32_t, Value>& to, Ops& ops) {
  for (const auto& [id, value] : from)
    if (!to.contains(id)) ops.push_back(RemoveOp{id});
}

// Puts what only `b` has, or removes what only `a` has with the sets swapped.
template <typename SetOp, typename Value>
void ForMissing(const std::set<Value>& a, const std::set<Value>& b, Ops& ops) {
  for (const Value& value : b)
    if (!a.contains(value)) ops.push_back(SetOp{value});
}

using Collectors = std::map<Socket, std::uint8_t>;

// A guard that lets more pass waits until nothing refers to what it was for.
bool IsLooser(const Collectors& from, const Socket& socket, std::uint8_t guard) {
  return guard == PM_GUARD_NORMAL && from.contains(socket);
}

void PutCollectors(const Collectors& from, const Collectors& to, bool looser, Ops& ops) {
  for (const auto& [socket, guard] : to) {
    const auto old = from.find(socket);
    if (old != from.end() && old->second == guard) continue;
    if (IsLooser(from, socket, guard) == looser) ops.push_back(PutCollector{socket, guard});
  }
}

void RemoveCollectors(const Collectors& from, const Collectors& to, Ops& ops) {
  for (const auto& [socket, guard] : from)
    if (!to.contains(socket)) ops.push_back(RemoveCollector{socket});
}

class InterfaceDiff {
 public:
  InterfaceDiff(const Observed& observed, const Observed& wanted, Ops& ops)
      : observed_(observed), wanted_(wanted), ops_(ops) {}

  // A reused ifindex, or attached without an entry: the old owner goes first. A dead link's pin as well.
  void ClearTheWay() {
    for (const auto& [ifindex, wanted] : wanted_.interfaces) {
      const Interface* old = Old(ifindex);
      if (old == nullptr) continue;
      if (Kept(observed_, ifindex, *wanted.entry) == nullptr) {
        DetachAll(ifindex, *old);
        RemoveHooks(*old);
        if (old->entry) ops_.push_back(RemoveInterface{ifindex});
        continue;
      }
      for (pm_direction direction : kBoth)
        if (old->stale_pins[direction]) ops_.push_back(Detach{ifindex, direction});
    }
  }

  void ResetCounters() {
    for (const auto& [ifindex, wanted] : wanted_.interfaces) {
      if (StartsAtZero(KeptAt(ifindex))) ops_.push_back(ResetInterfaceCounters{wanted.entry->index});
      for (pm_direction direction : kBoth)
        for (const pm_hook_session& session : Sessions(*wanted.hooks[direction]))
          if (!HasSlot(KeptAt(ifindex), direction, session)) ops_.push_back(ResetSlot{session.slot});
    }
  }

  void PutEntries() {
    for (const auto& [ifindex, wanted] : wanted_.interfaces)
      if (KeptAt(ifindex) == nullptr) ops_.push_back(PutInterface{ifindex, *wanted.entry});
  }

  void PutHooks() {
    for (const auto& [ifindex, wanted] : wanted_.interfaces) {
      const Interface* kept = KeptAt(ifindex);
      for (pm_direction direction : kBoth)
        if (kept == nullptr || kept->hooks[direction] != wanted.hooks[direction])
          ops_.push_back(PutHook{wanted.entry->index, direction, *wanted.hooks[direction]});
    }
  }

  void AttachAll() {
    for (const auto& [ifindex, wanted] : wanted_.interfaces) {
      const Interface* kept = KeptAt(ifindex);
      for (pm_direction direction : kBoth)
        if (kept == nullptr || kept->attachments[direction] != wanted.attachments[direction] ||
            kept->stale_pins[direction])
          ops_.push_back(Attach{ifindex, direction});
    }
  }

  void RemoveUnwanted() {
    for (const auto& [ifindex, old] : observed_.interfaces)
      if (!wanted_.interfaces.contains(ifindex)) DetachAll(ifindex, old);
    for (const auto& [ifindex, old] : observed_.interfaces)
      if (!wanted_.interfaces.contains(ifindex)) RemoveHooks(old);
    for (const auto& [ifindex, old] : observed_.interfaces)
      if (!wanted_.interfaces.contains(ifindex) && old.entry) ops_.push_back(RemoveInterface{ifindex});
  }

 private:
  const Interface* Old(std::uint32_t ifindex) const {
    const auto old = observed_.interfaces.find(ifindex);
    return old == observed_.interfaces.end() ? nullptr : &old->second;
  }
  const Interface* KeptAt(std::uint32_t ifindex) const {
    return Kept(observed_, ifindex, *wanted_.interfaces.at(ifindex).entry);
  }

  void DetachAll(std::uint32_t ifindex, const Interface& old) {
    for (pm_direction direction : kBoth)
      if (old.attachments[direction] != Attachment::kNone || old.stale_pins[direction])
        ops_.push_back(Detach{ifindex, direction});
  }
  void RemoveHooks(const Interface& old) {
    for (pm_direction direction : kBoth)
      if (old.entry && old.hooks[direction]) ops_.push_back(RemoveHook{old.entry->index, direction});
  }

  static bool HasSlot(const Interface* kept, pm_direction direction, const pm_hook_session& session) {
    if (kept == nullptr || !kept->hooks[direction]) return false;
    return std::ranges::any_of(Sessions(*kept->hooks[direction]),
                               [&](const pm_hook_session& old) { return old.slot == session.slot; });
  }

  const Observed& observed_;
  const Observed& wanted_;
  Ops& ops_;
};

// A dead link's pin goes with the new link.
void AttachUplinks(const Observed& observed, const Observed& wanted, Ops& ops) {
  for (const auto& [ifindex, uplink] : wanted.uplinks) {
    const auto old = observed.uplinks.find(ifindex);
    if (old == observed.uplinks.end() || old->second != uplink) ops.push_back(AttachUplink{ifindex});
  }
}

void PutBase(const Observed& observed, const Observed& wanted, Ops& ops) {
  if (!observed.base) ops.push_back(CreateBase{});
  if (!observed.base || observed.config.source_port_mask != wanted.config.source_port_mask)
    ops.push_back(PutConfig{wanted.config.source_port_mask});
}

}  // namespace

std::vector<Op> Diff(const Observed& observed, const Observed& wanted) {
  Ops ops;
  InterfaceDiff interfaces(observed, wanted, ops);

  PutBase(observed, wanted, ops);
  interfaces.ClearTheWay();
  PutChanged<PutBudget>(observed.budgets, wanted.budgets, ops);
  ForMissing<PutNeighbour>(observed.neighbours, wanted.neighbours, ops);
  ForMissing<PutService>(observed.services, wanted.services, ops);
  PutCollectors(observed.collectors, wanted.collectors, false, ops);
  AttachUplinks(observed, wanted, ops);
  PutChanged<PutEndpoint>(observed.endpoints, wanted.endpoints, ops);
  PutChanged<PutTarget>(observed.targets, wanted.targets, ops);
  PutChanged<PutRuleset>(observed.rulesets, wanted.rulesets, ops);
  interfaces.ResetCounters();
  interfaces.PutEntries();
  interfaces.PutHooks();
  interfaces.AttachAll();

  interfaces.RemoveUnwanted();
  RemoveGone<RemoveRuleset>(observed.rulesets, wanted.rulesets, ops);
  RemoveGone<RemoveTarget>(observed.targets, wanted.targets, ops);
  RemoveGone<RemoveEndpoint>(observed.endpoints, wanted.endpoints, ops);
  RemoveGone<DetachUplink>(observed.uplinks, wanted.uplinks, ops);
  RemoveGone<RemoveBudget>(observed.budgets, wanted.budgets, ops);
  PutCollectors(observed.collectors, wanted.collectors, true, ops);
  RemoveCollectors(observed.collectors, wanted.collectors, ops);
  ForMissing<RemoveService>(wanted.services, observed.services, ops);
  ForMissing<RemoveNeighbour>(wanted.neighbours, observed.neighbours, ops);
  return ops;
}

}  // namespace podmirror::plan
