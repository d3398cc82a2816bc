// A small cluster as values, for tests of the rooms that never see one. Everything has an ordinary default; a test
// writes down only what it is about.
//
// Shop(): in namespace `shop` the pods web-1 (node n1) and web-2 (n2) with label app=web, and the collector ids-1 (n2)
// behind UDP Service `ids`; filter `all` accepts everything, target `ids` is that Service, session `tap` joins them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "operator/api/objects.h"
#include "operator/compile/compile.h"
#include "operator/store/snapshot.h"

namespace podmirror::testing {

inline IpAddress Ip(std::string_view text) { return IpAddress::Parse(text).value(); }
inline Cidr Range(std::string_view text) { return Cidr::Parse(text).value(); }
inline Vni Number(std::int64_t value) { return Vni::Make(value).value(); }
inline SocketAddress At(std::string_view ip, std::uint16_t port = 4789) { return {Ip(ip), port}; }
inline Instant Time(std::string_view text) { return ParseInstant(text).value(); }

// "shop/web-1"; without a slash: of namespace shop.
inline ObjectKey Key(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {"shop", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

inline Rule AcceptAll(std::uint16_t number = 1) { return {.number = number, .action = Action::kAccept}; }

inline std::vector<Rule> Rules(std::size_t count) {
  std::vector<Rule> rules;
  for (std::size_t i = 1; i <= count; ++i) rules.push_back(AcceptAll(static_cast<std::uint16_t>(i)));
  return rules;
}

struct Cluster {
  store::Snapshot snapshot{.now = Time("2026-06-01T00:00:00Z")};
  compile::Settings settings;

  compile::Compiled Compile() const { return compile::Compile(snapshot, settings); }

  api::Pod& Pod(const std::string& name, const NodeName& node, std::string_view ip, api::Labels labels = {}) {
    api::Pod& pod = Put(snapshot.pods, name);
    pod.meta.labels = std::move(labels);
    pod.node = node;
    pod.ips = {Ip(ip)};
    pod.phase = api::PodPhase::kRunning;
    return pod;
  }
  api::TrafficMirrorFilter& Filter(const std::string& name, api::FilterSpec spec = {{AcceptAll()}, {AcceptAll()}}) {
    api::TrafficMirrorFilter filter{{}, std::move(spec)};
    filter.meta.key = Key(name);
    return snapshot.filters.insert_or_assign(filter.meta.key, filter).first->second;
  }
  api::TrafficMirrorTarget& Target(const std::string& name, api::TargetSpec spec) {
    api::TrafficMirrorTarget target{{}, std::move(spec)};
    target.meta.key = Key(name);
    return snapshot.targets.insert_or_assign(target.meta.key, target).first->second;
  }
  // Selects app=web, filter `all`, target `ids`.
  api::TrafficMirrorSession& Session(const std::string& name, std::uint16_t number = 1) {
    api::SessionSpec spec{.number = number, .pods = {{{"app", "web"}}, {}}, .filter = "all", .target = "ids"};
    api::TrafficMirrorSession session{{{}, std::move(spec)}, std::nullopt};
    session.meta.key = Key(name);
    session.meta.uid = "uid-" + session.meta.key.ToString();
    session.meta.created = Time("2026-01-01T00:00:00Z");
    return snapshot.sessions.insert_or_assign(session.meta.key, session).first->second;
  }
  api::Namespace& Namespace(const std::string& name) {
    api::Namespace& ns = snapshot.namespaces[{"", name}];
    ns.meta.key = {"", name};
    return ns;
  }
  // Port 4789/UDP called vxlan, and 80/TCP called http.
  api::Service& Service(const std::string& name, std::string_view cluster_ip) {
    api::Service& service = Put(snapshot.services, name);
    service.cluster_ips = {Ip(cluster_ip)};
    service.ip_families = {service.cluster_ips.front().family()};
    service.ports = {{"http", 80, "TCP"}, {"vxlan", 4789, "UDP"}};
    return service;
  }
  // An IPv4 slice of that Service with port 4789/UDP called vxlan.
  api::EndpointSlice& Slice(const std::string& name, const std::string& service) {
    api::EndpointSlice& slice = Put(snapshot.endpoint_slices, name);
    slice.service = service;
    slice.family = IpFamily::kV4;
    slice.ports = {{"vxlan", 4789, "UDP"}};
    return slice;
  }
  static api::Endpoint Endpoint(std::string_view ip, const std::string& pod, const std::string& ns = "shop") {
    return {.addresses = {Ip(ip)}, .ready = true, .target_kind = "Pod", .target_namespace = ns, .target_name = pod};
  }

 private:
  template <typename T>
  static T& Put(std::map<ObjectKey, T>& map, const std::string& name) {
    T& object = map[Key(name)] = T{};
    object.meta.key = Key(name);
    return object;
  }
};

inline Cluster Shop() {
  Cluster cluster;
  cluster.Pod("web-1", "n1", "10.1.0.1", {{"app", "web"}});
  cluster.Pod("web-2", "n2", "10.1.0.2", {{"app", "web"}});
  cluster.Pod("ids-1", "n2", "10.1.9.1", {{"app", "ids"}});
  cluster.Service("ids", "10.96.0.9");
  cluster.Slice("ids-a", "ids").endpoints = {Cluster::Endpoint("10.1.9.1", "ids-1")};
  cluster.Filter("all");
  cluster.Target("ids", {.service = api::ServiceRef{"ids", 4789}});
  cluster.Session("tap");
  return cluster;
}

}  // namespace podmirror::testing
