#include "tests/support/plan_world.h"

#include <algorithm>

namespace podmirror::test {
namespace {

IpAddress Ip(const std::string& text) { return IpAddress::Parse(text).value(); }

template <typename T, typename Name>
T& AddSorted(std::vector<T>& list, T value, Name name) {
  const auto place = std::ranges::find_if(list, [&](const T& other) { return name(value) <= name(other); });
  return *list.insert(place, std::move(value));
}

template <typename T>
T& AddByKey(std::vector<T>& list, T value) {
  return AddSorted(list, std::move(value), [](const T& v) { return v.key; });
}

// Behind a router on eth0, a NIC of 10 Gbit/s.
routes::NextHop ByUplink() {
  routes::NextHop next_hop;
  next_hop.ifindex = 2;
  next_hop.device = "eth0";
  next_hop.gateway = Ip("192.168.0.1");
  next_hop.source = Ip("192.168.0.7");
  next_hop.smac.bytes = {2, 0, 0, 0, 0, 7};
  next_hop.dmac.bytes = {2, 0, 0, 0, 0, 1};
  next_hop.mtu = 1500;
  next_hop.has_line_rate = true;
  next_hop.bits_per_second = 10'000'000'000;
  next_hop.neighbour = routes::NeighbourState::kPending;
  return next_hop;
}

}  // namespace

ObjectKey Key(const std::string& name) { return {"shop", name}; }

std::vector<ObjectKey> Keys(const std::vector<std::string>& names) {
  std::vector<ObjectKey> keys;
  for (const std::string& name : names) keys.push_back(Key(name));
  return keys;
}

SocketAddress Socket(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string ip = text.substr(0, colon);
  if (ip.starts_with('[')) ip = ip.substr(1, ip.size() - 2);
  return {Ip(ip), static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

DesiredFilter& World::Filter(const std::string& name, std::vector<std::uint16_t> accepted_ports) {
  DesiredFilter filter;
  filter.key = Key(name);
  std::uint16_t number = 0;
  for (std::uint16_t port : accepted_ports) {
    Rule rule;
    rule.number = ++number;
    rule.protocol = kTcp;
    rule.destination_ports = PortRange::Make(port, port).value();
    filter.ingress.push_back(rule);
    std::swap(rule.source_ports, rule.destination_ports);
    filter.egress.push_back(rule);
  }
  return AddByKey(desired.filters, std::move(filter));
}

DesiredTarget& World::Target(const std::string& name, std::vector<std::string> endpoints) {
  DesiredTarget target{Key(name), {}};
  for (const std::string& text : endpoints) {
    const SocketAddress endpoint = Socket(text);
    AddSorted(target.endpoints, endpoint, [](const SocketAddress& s) { return s; });
    if (!std::ranges::count(desired.collectors, endpoint))
      AddSorted(desired.collectors, endpoint, [](const SocketAddress& s) { return s; });
    next_hops.emplace(endpoint.ip, ByUplink());
  }
  return AddByKey(desired.targets, std::move(target));
}

DesiredSession& World::Session(const std::string& name, const std::string& filter, const std::string& target, int vni) {
  DesiredSession session{Key(name), "uid-" + name, Vni::Make(vni).value(), Key(filter), Key(target), {}, {}};
  return AddByKey(desired.sessions, std::move(session));
}

DesiredSource& World::Source(const std::string& pod, std::uint32_t ifindex, const std::vector<std::string>& sessions) {
  pods::PodLink link;
  link.ifindex = ifindex;
  link.name = "veth-" + pod;
  link.mac.bytes = {2, 1, 0, 0, static_cast<std::uint8_t>(ifindex >> 8), static_cast<std::uint8_t>(ifindex)};
  link.mtu = 1500;
  link.peer_ifindex = 2;
  link.peer_namespace = static_cast<std::int32_t>(std::hash<std::string>{}(pod) % 100);
  links[Key(pod)] = link;
  return AddSorted(desired.sources, DesiredSource{Key(pod), "uid-" + pod, {}, Keys(sessions), Keys(sessions)},
                   [](const DesiredSource& s) { return s.pod; });
}

DesiredSource& World::source(const std::string& pod) {
  return *std::ranges::find(desired.sources, Key(pod), &DesiredSource::pod);
}

DesiredSession& World::session(const std::string& name) {
  return *std::ranges::find(desired.sessions, Key(name), &DesiredSession::key);
}

routes::NextHop& World::next_hop(const std::string& ip) { return next_hops.at(Ip(ip)); }

std::set<std::size_t> ApplyAll(FakeDataplane& kernel, const plan::Planned& planned) {
  std::set<std::size_t> not_done;
  for (std::size_t op = 0; op < planned.ops.size(); ++op)
    if (HeldBack(planned, op, not_done) || !kernel.Apply(planned.ops[op])) not_done.insert(op);
  return not_done;
}

bool Reconcile(FakeDataplane& kernel, const World& world) {
  World now = world;
  for (int round = 0; round < 5; ++round) {
    const plan::Planned planned = now.Plan(kernel.state());
    if (planned.ops.empty()) return true;
    for (const auto& attach : OpsOf<plan::Attach>(planned)) {
      const auto interface = kernel.state().interfaces.find(attach.ifindex);
      if (interface != kernel.state().interfaces.end() &&
          interface->second.attachments[attach.direction] == plan::Attachment::kNotFirst)
        now.settings.attached_again.insert({attach.ifindex, attach.direction});
    }
    ApplyAll(kernel, planned);
  }
  return false;
}

std::vector<std::string> Described(const plan::Planned& planned) {
  std::vector<std::string> lines;
  for (const plan::Op& op : planned.ops) lines.push_back(Describe(op));
  return lines;
}

}  // namespace podmirror::test
