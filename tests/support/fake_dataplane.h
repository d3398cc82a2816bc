// A kernel in memory: keeps what ops put, refuses what cannot be, and watches that every single op leaves it whole.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/plan/plan.h"

namespace podmirror::test {

class FakeDataplane : public dataplane::Dataplane {
 public:
  Result<plan::Observed> Observe() override;
  Result<void> Apply(const plan::Op& op) override;

  // The op after `n` further ones fails and changes nothing.
  void FailAfter(std::size_t n) { fail_after_ = n; }
  // Somebody else comes first again whenever we attach there.
  void AddRival(plan::AttachPoint point) { rivals_.insert(point); }
  // The interface goes; its entry and pins stay behind.
  void Vanish(std::uint32_t ifindex);
  // Called after every op that was done.
  void Watch(std::function<void(const plan::Op&, const plan::Observed&)> watcher) { watcher_ = std::move(watcher); }

  const plan::Observed& state() const { return state_; }
  plan::Observed& state() { return state_; }
  // Promises that an op broke: "PutHook 3 egress: refers to a missing target 7".
  const std::vector<std::string>& broken() const { return broken_; }
  std::size_t writes() const { return writes_; }

 private:
  // One per kind of op. A string says why the kernel refuses.
  std::string Do(const plan::CreateBase& op);
  std::string Do(const plan::PutConfig& op);
  std::string Do(const plan::PutBudget& op);
  std::string Do(const plan::RemoveBudget& op);
  std::string Do(const plan::PutEndpoint& op);
  std::string Do(const plan::RemoveEndpoint& op);
  std::string Do(const plan::PutTarget& op);
  std::string Do(const plan::RemoveTarget& op);
  std::string Do(const plan::PutRuleset& op);
  std::string Do(const plan::RemoveRuleset& op);
  std::string Do(const plan::ResetSlot& op);
  std::string Do(const plan::ResetInterfaceCounters& op);
  std::string Do(const plan::PutInterface& op);
  std::string Do(const plan::RemoveInterface& op);
  std::string Do(const plan::PutHook& op);
  std::string Do(const plan::RemoveHook& op);
  std::string Do(const plan::Attach& op);
  std::string Do(const plan::Detach& op);
  std::string Do(const plan::AttachUplink& op);
  std::string Do(const plan::DetachUplink& op);
  std::string Do(const plan::PutCollector& op);
  std::string Do(const plan::RemoveCollector& op);
  std::string Do(const plan::PutService& op);
  std::string Do(const plan::RemoveService& op);
  std::string Do(const plan::PutNeighbour& op);
  std::string Do(const plan::RemoveNeighbour& op);

  plan::Interface* ByIndex(std::uint32_t index);
  void Forget(std::uint32_t ifindex);  // drops an interface of which nothing is left
  void Break(std::string promise) { broken_.push_back(Describe(now_) + ": " + std::move(promise)); }
  void CheckCounters(const plan::PutHook& op, const std::optional<plan::Hook>& before);
  void CheckReferences();
  void CheckHook(std::uint32_t ifindex, const plan::Hook& hook, std::set<std::uint32_t>& slots);

  plan::Observed state_;
  std::map<const pm_target*, std::set<std::uint16_t>> in_table_;
  std::set<std::uint32_t> used_slots_;     // counted since their last reset
  std::set<std::uint32_t> used_counters_;  // interface indices, likewise
  std::set<plan::AttachPoint> rivals_;
  std::optional<std::size_t> fail_after_;
  std::function<void(const plan::Op&, const plan::Observed&)> watcher_;
  std::vector<std::string> broken_;
  std::size_t writes_ = 0;
  plan::Op now_;
};

// What packets meet, free of ids: by "<ifindex> <direction>" the rules and sessions of an attached hook, by
// "target <key>" where its copies go. Two states with the same text treat every packet alike.
std::map<std::string, std::string> WhatPacketsMeet(const plan::Observed& state);

// The whole state free of ids, and of the flags that tell a hook's history (`chained`, `complete`).
std::multiset<std::string> WithoutIds(const plan::Observed& state);

}  // namespace podmirror::test
