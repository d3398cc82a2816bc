// bench_compile: how long Compile() takes for a large cluster, at once and after one pod has changed. Prints one line
// of JSON with the medians, in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "operator/compile/compile.h"
#include "operator/store/store.h"

namespace podmirror {
namespace {

constexpr int kSessions = 1'000;
constexpr int kPods = 100'000;
constexpr int kNodes = 5'000;
constexpr int kNamespaces = 500;
constexpr int kApps = 20;      // of a namespace
constexpr int kRules = 20;     // of a filter and direction
constexpr int kWide = 50;      // sessions that select pods of other namespaces
constexpr int kTeams = 25;     // labels of namespaces
constexpr int kPriority = 10;  // sessions of the security team, each selects pods of every namespace

using Clock = std::chrono::steady_clock;

template <typename T>
T Sure(Result<T> result) {
  if (result.has_value()) return *std::move(result);
  std::fprintf(stderr, "%s\n", Describe(result.error()).c_str());
  std::exit(1);
}

std::string Name(const char* prefix, int number) { return prefix + std::to_string(number); }

IpAddress PodIp(int pod) {
  return IpAddress::V4(
      {10, static_cast<std::uint8_t>(pod >> 16), static_cast<std::uint8_t>(pod >> 8), static_cast<std::uint8_t>(pod)});
}

api::Meta Meta(const std::string& ns, const std::string& name) {
  api::Meta meta;
  meta.key = {ns, name};
  meta.uid = "0b5d1a8e-7c11-4c6e-9d5e-" + name;
  meta.created = Sure(ParseInstant("2026-01-01T00:00:00Z"));
  return meta;
}

api::Pod Pod(int i) {
  api::Pod pod;
  pod.meta = Meta(Name("ns-", i % kNamespaces), Name("workload-7d4b9c6f5-", i));
  pod.meta.labels = {{"app", Name("app-", i / kNamespaces % kApps)}, {"pod-template-hash", "7d4b9c6f5"}};
  pod.node = Name("node-", i % kNodes);
  pod.ips = {PodIp(i)};
  pod.host_ips = {
      IpAddress::V4({172, 16, static_cast<std::uint8_t>(i % kNodes >> 8), static_cast<std::uint8_t>(i % kNodes)})};
  pod.phase = api::PodPhase::kRunning;
  return pod;
}

void PutNamespace(store::Store& store, const std::string& ns, int number) {
  api::Namespace object;
  object.meta = Meta("", ns);
  object.meta.labels = {{"team", Name("team-", number % kTeams)}};
  object.meta.annotations = {{"podmirror.io/allow-sessions-from", "*"}};
  store.Put(object);
}

// A filter, a collector behind a Service, and a target that is everybody's.
void PutRest(store::Store& store, const std::string& ns, int number) {
  api::TrafficMirrorFilter filter{Meta(ns, "web"), api::FilterSpec{}, {}};
  for (int i = 1; i <= kRules; ++i) {
    Rule rule;
    rule.number = static_cast<std::uint16_t>(i);
    rule.protocol = Protocol::FromName("TCP");
    rule.destination_ports = Sure(PortRange::Make(i, i));
    filter.spec->ingress.push_back(rule);
    filter.spec->egress.push_back(rule);
  }
  store.Put(filter);

  api::Pod collector = Pod(number);
  collector.meta = Meta(ns, "ids-0");
  collector.meta.labels = {{"app", "ids"}};
  collector.ips = {IpAddress::V4({10, 200, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)})};
  store.Put(collector);
  api::Service service;
  service.meta = Meta(ns, "ids");
  service.ip_families = {IpFamily::kV4};
  service.ports = {{"vxlan", 4789, "UDP"}};
  store.Put(service);
  api::EndpointSlice slice;
  slice.meta = Meta(ns, "ids-a");
  slice.service = "ids";
  slice.family = IpFamily::kV4;
  slice.ports = {{"vxlan", 4789, "UDP"}};
  api::Endpoint endpoint;
  endpoint.addresses = collector.ips;
  endpoint.target_kind = "Pod";
  endpoint.target_name = "ids-0";
  slice.endpoints = {endpoint};
  store.Put(slice);
  api::TrafficMirrorTarget target{Meta(ns, "ids"), api::TargetSpec{}, {}};
  target.spec->service = api::ServiceRef{"ids", 4789};
  store.Put(target);
}

api::TrafficMirrorSession Session(int i) {
  const bool priority = i < kPriority;
  const std::string ns = priority ? "security" : Name("ns-", i % kNamespaces);
  api::TrafficMirrorSession session{{Meta(ns, Name("session-", i)), api::SessionSpec{}, {}}, std::nullopt};
  api::SessionSpec& spec = *session.spec;
  spec.number = static_cast<std::uint16_t>(i + 1);
  spec.pods.match_labels = {{"app", Name("app-", i % kApps)}};
  if (priority) spec.namespaces = api::Selector{};
  if (!priority && i < kPriority + kWide) spec.namespaces = api::Selector{{{"team", Name("team-", i % kTeams)}}, {}};
  spec.filter = "web";
  spec.target = "ids";
  return session;
}

store::Store Fill() {
  store::Store store;
  PutNamespace(store, "security", 0);
  PutRest(store, "security", kNamespaces);
  for (int i = 0; i < kNamespaces; ++i) {
    PutNamespace(store, Name("ns-", i), i);
    PutRest(store, Name("ns-", i), i);
  }
  for (int i = 0; i < kPods; ++i) store.Put(Pod(i));
  for (int i = 0; i < kSessions; ++i) store.Put(Session(i));
  return store;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double Since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

int Run() {
  store::Store store = Fill();
  compile::Settings settings;
  settings.priority_namespaces = {"security"};
  const Instant now = Sure(ParseInstant("2026-06-01T00:00:00Z"));

  std::vector<double> whole, changed;
  compile::Compiled last;
  for (int i = 0; i < 5; ++i) {
    compile::Memo memo;
    const auto begin = Clock::now();
    compile::Compiled compiled = compile::Compile(store.Snapshot(now), settings, memo);
    whole.push_back(Since(begin));
    last = std::move(compiled);
  }
  compile::Memo memo;
  last = compile::Compile(store.Snapshot(now), settings, memo);
  std::size_t pairs = 0, states = 0;
  for (const auto& [key, session] : last.verdicts.sessions) pairs += session.sources.size();
  for (int i = 0; i < 20; ++i) {
    api::Pod pod = Pod(i * 997);
    pod.meta.labels["app"] = Name("app-", i % kApps);
    pod.meta.labels["changed"] = std::to_string(i);
    pod.ips = {PodIp((1 << 22) + i)};
    store.Put(pod);
    const auto begin = Clock::now();
    compile::Compiled compiled = compile::Compile(store.Snapshot(now), settings, memo);
    changed.push_back(Since(begin));
    for (const auto& [node, state] : compiled.states) {
      const auto before = last.states.find(node);
      states += before == last.states.end() || before->second.pointer() != state.pointer();
    }
    last = std::move(compiled);
  }
  std::printf(
      "{\"sessions\": %d, \"pods\": %d, \"nodes\": %d, \"namespaces\": %d, \"sources\": %zu, \"states\": %zu, "
      "\"whole_ms\": %.1f, \"one_pod_ms\": %.1f, \"one_pod_states\": %.1f}\n",
      kSessions, kPods, kNodes, kNamespaces, pairs, last.states.size(), Median(whole), Median(changed),
      static_cast<double>(states) / 20);
  return 0;
}

}  // namespace
}  // namespace podmirror

int main() { return podmirror::Run(); }
