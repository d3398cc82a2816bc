#include "node-agent/plan/op.h"

#include "node-agent/plan/lower_abi.h"

namespace podmirror::plan {
namespace {

std::string Text(std::uint64_t number) { return std::to_string(number); }
std::string Text(pm_direction direction) { return direction == PM_INGRESS ? "ingress" : "egress"; }

std::string Text(const Socket& socket) { return RaiseSocket(socket).ToString(); }

std::string Text(const Neighbour& neighbour) {
  return neighbour.address.ToString() + " on interface " + Text(neighbour.ifindex);
}

struct Describer {
  std::string operator()(const CreateBase&) const { return "CreateBase"; }
  std::string operator()(const PutConfig& op) const {
    return "PutConfig source port mask " + Text(op.source_port_mask);
  }
  std::string operator()(const PutBudget& op) const {
    return "PutBudget " + Text(op.id) + " of interface " + Text(op.budget.ifindex) + ", " +
           Text(op.budget.bytes_per_second) + " bytes/s";
  }
  std::string operator()(const RemoveBudget& op) const { return "RemoveBudget " + Text(op.id); }
  std::string operator()(const PutEndpoint& op) const {
    return "PutEndpoint " + Text(op.id) + " by interface " + Text(op.endpoint.value.ifindex);
  }
  std::string operator()(const RemoveEndpoint& op) const { return "RemoveEndpoint " + Text(op.id); }
  std::string operator()(const PutTarget& op) const { return "PutTarget " + Text(op.id); }
  std::string operator()(const RemoveTarget& op) const { return "RemoveTarget " + Text(op.id); }
  std::string operator()(const PutRuleset& op) const {
    return "PutRuleset " + Text(op.id) + " of " + Text(op.ruleset->n_rules) + " rules";
  }
  std::string operator()(const RemoveRuleset& op) const { return "RemoveRuleset " + Text(op.id); }
  std::string operator()(const ResetSlot& op) const { return "ResetSlot " + Text(op.slot); }
  std::string operator()(const ResetInterfaceCounters& op) const { return "ResetInterfaceCounters " + Text(op.index); }
  std::string operator()(const PutInterface& op) const {
    return "PutInterface " + Text(op.ifindex) + " as " + Text(op.entry.index);
  }
  std::string operator()(const RemoveInterface& op) const { return "RemoveInterface " + Text(op.ifindex); }
  std::string operator()(const PutHook& op) const { return "PutHook " + Text(op.index) + " " + Text(op.direction); }
  std::string operator()(const RemoveHook& op) const {
    return "RemoveHook " + Text(op.index) + " " + Text(op.direction);
  }
  std::string operator()(const Attach& op) const {
    return "Attach to interface " + Text(op.ifindex) + " " + Text(op.direction);
  }
  std::string operator()(const Detach& op) const {
    return "Detach from interface " + Text(op.ifindex) + " " + Text(op.direction);
  }
  std::string operator()(const AttachUplink& op) const { return "AttachUplink " + Text(op.ifindex); }
  std::string operator()(const DetachUplink& op) const { return "DetachUplink " + Text(op.ifindex); }
  std::string operator()(const PutCollector& op) const {
    return "PutCollector " + Text(op.socket) + (op.guard == PM_GUARD_NORMAL ? "" : " for all");
  }
  std::string operator()(const RemoveCollector& op) const { return "RemoveCollector " + Text(op.socket); }
  std::string operator()(const PutService& op) const { return "PutService " + Text(op.socket); }
  std::string operator()(const RemoveService& op) const { return "RemoveService " + Text(op.socket); }
  std::string operator()(const PutNeighbour& op) const { return "PutNeighbour " + Text(op.neighbour); }
  std::string operator()(const RemoveNeighbour& op) const { return "RemoveNeighbour " + Text(op.neighbour); }
};

}  // namespace

std::string Describe(const Op& op) { return std::visit(Describer{}, op); }

}  // namespace podmirror::plan
