#include "node-agent/metrics/text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>

namespace podmirror::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void Begin(std::string name, std::string help, MetricType type) {
    families_.push_back({"podmirror_agent_" + std::move(name), std::move(help), type, {}});
  }
  void Add(std::uint64_t value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
    metric.gauge.value = static_cast<double>(value);
    families_.back().metric.push_back(std::move(metric));
  }
  void One(std::string name, std::string help, MetricType type, std::uint64_t value) {
    Begin(std::move(name), std::move(help), type);
    Add(value);
  }
  void Add(const Durations& durations) {
    ClientMetric metric;
    metric.histogram.sample_count = durations.count();
    metric.histogram.sample_sum = durations.sum();
    for (std::size_t i = 0; i < Durations::kBounds.size(); ++i) {
      metric.histogram.bucket.push_back({durations.up_to(i), Durations::kBounds.at(i)});
    }
    metric.histogram.bucket.push_back({durations.count(), std::numeric_limits<double>::infinity()});
    families_.back().metric.push_back(std::move(metric));
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

// `terms`: packets or bytes of a session. What nothing counts yet is 0: the names are there to be relied on.
std::vector<std::pair<const char*, std::uint64_t>> Outcomes(const __u64* terms) {
  return {{"mirrored", terms[PM_SENT] + terms[PM_SEGMENTED]},
          {"sampled_out", 0},
          {"rate_limited", 0},
          {"over_budget", terms[PM_OVER_BUDGET]},
          {"drop_no_endpoint", terms[PM_DROP_NO_ENDPOINT]},
          {"clone_failed", terms[PM_CLONE_FAILED]},
          {"drop_truncate", terms[PM_DROP_TRUNCATE]},
          {"drop_encap", terms[PM_DROP_ENCAP]},
          {"drop_send", terms[PM_DROP_SEND]}};
}

std::vector<std::pair<const char*, std::uint64_t>> SegmentOutcomes(const pm_session_counters& counters) {
  return {{"wire_sent", stats::WireSent(counters)},
          {"dropped", counters.segments[PM_SEGMENTS_DROPPED]},
          {"backlog_drop", stats::BacklogDrop(counters)},
          {"ring_full", 0},
          {"send_error", 0}};
}

template <typename Read>
void AddSessions(Families& families, const Snapshot& snapshot, Read read) {
  for (const auto& [key, counters] : snapshot.sessions) {
    const auto& [session, direction] = key;
    const std::size_t slash = session.find('/');
    for (const auto& [outcome, value] : read(counters)) {
      families.Add(value, {{"namespace", session.substr(0, slash)},
                           {"session", session.substr(slash + 1)},
                           {"direction", direction == PM_INGRESS ? "ingress" : "egress"},
                           {"outcome", outcome}});
    }
  }
}

}  // namespace

void Durations::Add(double seconds) {
  for (std::size_t i = 0; i < kBounds.size(); ++i) up_to_.at(i) += seconds <= kBounds.at(i) ? 1 : 0;
  ++count_;
  sum_ += seconds;
}

std::string ToText(const Snapshot& snapshot) {
  Families families;
  families.Begin("session_packets_total", "Frames that a session accepted, by what became of their copies.",
                 MetricType::Counter);
  AddSessions(families, snapshot, [](const pm_session_counters& c) { return Outcomes(c.packets); });
  families.Begin("session_bytes_total", "Bytes of the frames that a session accepted, by what became of their copies.",
                 MetricType::Counter);
  AddSessions(families, snapshot, [](const pm_session_counters& c) { return Outcomes(c.bytes); });
  families.Begin("session_segments_total", "Copies as frames on the wire, by what became of them.",
                 MetricType::Counter);
  AddSessions(families, snapshot, SegmentOutcomes);

  families.One("attached_interfaces", "Pods' interfaces whose packets the programs judge.", MetricType::Gauge,
               snapshot.attached_interfaces);
  families.Begin("apply_seconds", "How long it took to bring the kernel to the desired state.", MetricType::Histogram);
  families.Add(snapshot.apply);
  families.One("ops_total", "Changes to the kernel that were made.", MetricType::Counter, snapshot.ops);
  families.One("op_errors_total", "Changes to the kernel that failed or waited for one that failed.",
               MetricType::Counter, snapshot.op_errors);
  families.One("law_violations", "Counters at rest that do not add up. Must be 0.", MetricType::Gauge,
               snapshot.law_violations);
  families.One("connected", "1: the stream to the operator is open.", MetricType::Gauge, snapshot.connected ? 1 : 0);
  families.One("revision_lag", "Revisions between the newest state and the last one that was applied whole.",
               MetricType::Gauge, snapshot.revision_lag);
  families.Begin("states_total", "Desired states that came from the operator.", MetricType::Counter);
  families.Add(snapshot.states_taken, {{"result", "taken"}});
  families.Add(snapshot.states_refused, {{"result", "older"}});
  families.One("state_file_errors_total", "Desired states that could not be kept on disk.", MetricType::Counter,
               snapshot.state_errors);

  families.Begin("map_entries", "Entries of a BPF map that are in use.", MetricType::Gauge);
  for (const MapFill& map : snapshot.maps) families.Add(map.used, {{"map", map.name}});
  families.Begin("map_max_entries", "Entries that a BPF map can hold.", MetricType::Gauge);
  for (const MapFill& map : snapshot.maps) families.Add(map.most, {{"map", map.name}});
  families.Begin("build_info", "1, with the version.", MetricType::Gauge);
  families.Add(1, {{"version", snapshot.version}});
  return families.Text();
}

}  // namespace podmirror::metrics
