#include "tests/worlds/plan/histories.h"

#include <algorithm>
#include <random>

namespace podmirror::test {
namespace {

World Shop() {
  World world;
  world.Filter("web", {80, 443});
  world.Filter("dns", {53});
  world.Target("ids", {"10.9.0.1:4789", "10.9.0.2:4789"});
  world.Session("watch", "web", "ids", 10);
  world.Source("cart", 20, {"watch"});
  return world;
}

History SessionsComeAndGo() {
  History history{"sessions come and go", {Shop()}};
  World world = Shop();
  world.Session("names", "dns", "ids", 11);
  world.source("cart").ingress = world.source("cart").egress = Keys({"names", "watch"});
  history.worlds.push_back(world);
  std::swap(world.source("cart").ingress[0], world.source("cart").ingress[1]);
  history.worlds.push_back(world);
  world.source("cart").egress.clear();
  world.session("watch").packet_length = 128;
  history.worlds.push_back(world);
  world.source("cart").ingress.clear();
  history.worlds.push_back(world);
  history.worlds.push_back(Shop());
  return history;
}

History RulesChange() {
  History history{"rules change", {}};
  for (std::uint16_t port : {80, 81, 82, 80}) {
    World world = Shop();
    world.Source("till", 21, {"watch"});
    world.desired.filters.back().ingress[0].destination_ports = PortRange::Make(port, port).value();
    world.desired.filters.back().cluster_dns = port == 81;
    if (port == 81) world.desired.cluster_dns = {Socket("10.96.0.10:53"), Socket("[fd00::a]:53")};
    history.worlds.push_back(world);
  }
  return history;
}

History CollectorsScale() {
  History history{"collectors scale", {}};
  for (int count : {1, 2, 5, 3, 0, 4}) {
    World world;
    world.Filter("web", {80});
    std::vector<std::string> endpoints;
    for (int i = 1; i <= count; ++i) endpoints.push_back("10.9.0." + std::to_string(i) + ":4789");
    world.Target("ids", endpoints);
    world.Target("log", {"10.9.0.1:4789", "10.8.0.1:9000"});
    world.Session("watch", "web", "ids", 10);
    world.Session("store", "web", "log", 12);
    world.Source("cart", 20, {"watch", "store"});
    history.worlds.push_back(world);
  }
  return history;
}

History RoutesChange() {
  History history{"routes change", {Shop()}};
  World world = Shop();
  world.next_hop("10.9.0.1").dmac.bytes[5] = 99;
  history.worlds.push_back(world);
  world.next_hop("10.9.0.1").reason = "NeighbourFailed";
  world.next_hop("10.9.0.1").neighbour = routes::NeighbourState::kFailed;
  history.worlds.push_back(world);
  world.next_hop("10.9.0.1").reason.clear();
  world.next_hop("10.9.0.1").ifindex = 30;
  world.next_hop("10.9.0.1").device = "veth-c";
  world.next_hop("10.9.0.1").completes_checksums = false;
  world.next_hop("10.9.0.1").has_line_rate = false;
  history.worlds.push_back(world);
  world.next_hop("10.9.0.2") = world.next_hop("10.9.0.1");
  history.worlds.push_back(world);
  world.next_hops.clear();
  history.worlds.push_back(world);
  return history;
}

History InterfacesChangeOwners() {
  History history{"interfaces change owners", {}};
  World world = Shop();
  world.Source("till", 21, {"watch"});
  history.worlds.push_back(world);
  std::swap(world.link("cart"), world.link("till"));
  history.worlds.push_back(world);
  std::swap(world.link("cart").ifindex, world.link("till").ifindex);
  history.worlds.push_back(world);
  world.link("till").ifindex = world.link("cart").ifindex;
  history.worlds.push_back(world);
  world.link("till").ifindex = 22;
  world.link("cart").ifindex = 0;
  world.link("cart").reason = "InterfaceNotFound";
  history.worlds.push_back(world);
  world.links.clear();
  history.worlds.push_back(world);
  return history;
}

History SettingsChange() {
  History history{"settings change", {}};
  using Kind = plan::NodeBudget::Kind;
  for (const plan::NodeBudget budget : {plan::NodeBudget{Kind::kPercent, 10}, plan::NodeBudget{Kind::kOff, 0},
                                        plan::NodeBudget{Kind::kRate, 500'000'000}, plan::NodeBudget{Kind::kRate, 1}}) {
    World world = Shop();
    world.settings.budget = budget;
    world.settings.source_port_bits = static_cast<int>(history.worlds.size());
    world.session("watch").expires_at = Instant(std::chrono::hours(500'000));
    world.settings.tai_minus_utc_ns = 37'000'000'000;
    history.worlds.push_back(world);
  }
  return history;
}

World RandomWorld(std::mt19937& random) {
  const auto upto = [&](unsigned n) { return static_cast<int>(random() % n); };
  World world;
  for (const char* filter : {"a", "b", "c"}) {
    std::vector<std::uint16_t> ports;
    for (int i = upto(3); i >= 0; --i) ports.push_back(static_cast<std::uint16_t>(80 + upto(3)));
    world.Filter(filter, ports);
  }
  for (const char* target : {"t", "u"}) {
    std::vector<std::string> endpoints;
    for (int i = 1; i <= 4; ++i)
      if (upto(2) == 0) endpoints.push_back("10.9.0." + std::to_string(i) + ":4789");
    world.Target(target, endpoints);
  }
  for (auto& [address, next_hop] : world.next_hops) {
    next_hop.ifindex = 2 + static_cast<unsigned>(upto(2));
    next_hop.dmac.bytes[5] = static_cast<std::uint8_t>(upto(3));
    if (upto(5) == 0) next_hop.reason = "NoRoute";
  }
  std::vector<std::string> sessions;
  for (const char* session : {"1", "2", "3", "4"}) {
    if (upto(4) == 0) continue;
    world.Session(session, std::string(1, static_cast<char>('a' + upto(3))), upto(2) == 0 ? "t" : "u", 10 + upto(3));
    sessions.push_back(session);
  }
  for (const char* pod : {"p", "q", "r", "s"}) {
    if (upto(4) == 0) continue;
    std::shuffle(sessions.begin(), sessions.end(), random);
    world.Source(pod, 20 + static_cast<unsigned>(upto(5)),
                 {sessions.begin(), sessions.end() - upto(2) * !sessions.empty()});
    if (upto(3) == 0) world.source(pod).egress.clear();
  }
  return world;
}

}  // namespace

std::vector<History> Stories() {
  return {SessionsComeAndGo(),      RulesChange(),   CollectorsScale(), RoutesChange(),
          InterfacesChangeOwners(), SettingsChange()};
}

History RandomHistory(std::uint32_t seed) {
  std::mt19937 random(seed);
  History history{"random history " + std::to_string(seed), {}};
  for (int i = 0; i < 4; ++i) history.worlds.push_back(RandomWorld(random));
  return history;
}

}  // namespace podmirror::test
