// Worlds for plan: what the operator wants and how this node looks, built in a few words.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "node-agent/plan/plan.h"
#include "tests/support/fake_dataplane.h"

namespace podmirror::test {

struct World {
  DesiredState desired;
  pods::PodLinks links;
  routes::NextHops next_hops;
  plan::Settings settings;

  // Names are in namespace "shop". Everything is added sorted, and each collector gets a way through eth0.
  DesiredFilter& Filter(const std::string& name, std::vector<std::uint16_t> accepted_ports);
  DesiredTarget& Target(const std::string& name, std::vector<std::string> endpoints);  // "10.9.0.1:4789"
  DesiredSession& Session(const std::string& name, const std::string& filter, const std::string& target, int vni);
  DesiredSource& Source(const std::string& pod, std::uint32_t ifindex, const std::vector<std::string>& sessions);

  DesiredSource& source(const std::string& pod);
  DesiredSession& session(const std::string& name);
  pods::PodLink& link(const std::string& pod) { return links.at({"shop", pod}); }
  routes::NextHop& next_hop(const std::string& ip);

  plan::Planned Plan(const plan::Observed& observed) const {
    return plan::Plan(desired, observed, links, next_hops, settings);
  }
};

ObjectKey Key(const std::string& name);
SocketAddress Socket(const std::string& text);  // "10.9.0.1:4789"; throws where it is none
std::vector<ObjectKey> Keys(const std::vector<std::string>& names);

// As the agent does it: an op whose needs were not met is held back. Returns the positions that were not done.
std::set<std::size_t> ApplyAll(FakeDataplane& kernel, const plan::Planned& planned);

// Plans and applies until nothing is left to do, like the agent. False: 5 rounds were not enough.
bool Reconcile(FakeDataplane& kernel, const World& world);

// The ops of one kind, in order.
template <typename T>
std::vector<T> OpsOf(const plan::Planned& planned) {
  std::vector<T> found;
  for (const plan::Op& op : planned.ops)
    if (const T* one = std::get_if<T>(&op)) found.push_back(*one);
  return found;
}

std::vector<std::string> Described(const plan::Planned& planned);

}  // namespace podmirror::test
