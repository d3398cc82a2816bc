#include "operator/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <map>
#include <mutex>
#include <sstream>

namespace podmirror::metrics {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using Clock = std::chrono::steady_clock;

const Histogram::BucketBoundaries kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

double Seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

Family<Gauge>& MakeGauge(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Counter>& MakeCounter(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Histogram>& MakeHistogram(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

// A counter that follows one kept elsewhere.
void Follow(Counter& counter, std::uint64_t value) {
  const double more = static_cast<double>(value) - counter.Value();
  if (more > 0) counter.Increment(more);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  std::mutex mutex;
  std::map<std::string, Clock::time_point> heard;  // guarded by mutex

  Family<Gauge>& lag =
      MakeGauge(registry, "podmirror_operator_watch_lag_seconds",
                "Time since the API server was heard of this kind. Quiet kinds are heard each minute.");
  Family<Gauge>& in_sync = MakeGauge(registry, "podmirror_operator_kind_in_sync",
                                     "1 where all objects of this kind are known. Nothing is decided while one is 0.");
  Family<Gauge>& objects =
      MakeGauge(registry, "podmirror_operator_objects_cached", "Objects of this kind that are known.");
  Histogram& compile =
      MakeHistogram(registry, "podmirror_operator_compile_seconds", "Time to decide what every node shall do.")
          .Add({}, kSeconds);
  Counter& published =
      MakeCounter(registry, "podmirror_operator_states_published_total", "States of nodes that changed.").Add({});
  Gauge& behind = MakeGauge(registry, "podmirror_operator_agents_behind",
                            "Connected agents that have not applied the newest state of their node.")
                      .Add({});
  Histogram& queue = MakeHistogram(registry, "podmirror_operator_queue_age_seconds",
                                   "How long an event waited until it was looked at.")
                         .Add({}, kSeconds);
  Family<Counter>& requests = MakeCounter(registry, "podmirror_operator_api_requests_total",
                                          "Requests to the API server by verb and HTTP code; code 0: no answer.");
  Family<Histogram>& request_seconds =
      MakeHistogram(registry, "podmirror_operator_api_request_seconds", "Time of requests to the API server.");
  Family<Counter>& errors = MakeCounter(registry, "podmirror_operator_api_errors_total",
                                        "Requests that failed by verb and HTTP code; code 0: no answer.");
  Family<Counter>& writes =
      MakeCounter(registry, "podmirror_operator_status_writes_total", "Writes of an object's status by outcome.");
  Counter& written = writes.Add({{"outcome", "written"}});
  Counter& failed = writes.Add({{"outcome", "failed"}});
  Gauge& leader = MakeGauge(registry, "podmirror_operator_leader", "1 on the operator that leads.").Add({});
  Gauge& connected = MakeGauge(registry, "podmirror_operator_agents_connected", "Agents with an open stream.").Add({});
  Counter& sent =
      MakeCounter(registry, "podmirror_operator_stream_states_sent_total", "States sent to agents.").Add({});
  Counter& reports =
      MakeCounter(registry, "podmirror_operator_stream_reports_total", "Reports received from agents.").Add({});
  Counter& refused = MakeCounter(registry, "podmirror_operator_stream_refused_total",
                                 "Connections that were refused before a stream was open.")
                         .Add({});
  Counter& dropped = MakeCounter(registry, "podmirror_operator_stream_dropped_total",
                                 "Streams that were closed for what their peer did or did not do.")
                         .Add({});
  Counter& bytes = MakeCounter(registry, "podmirror_operator_stream_sent_bytes_total", "Bytes sent to agents.").Add({});
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::WatchHeard(const std::string& kind) {
  const std::lock_guard lock(families_->mutex);
  families_->heard[kind] = Clock::now();
}

void Metrics::InSync(const std::string& kind, bool in_sync) {
  families_->in_sync.Add({{"kind", kind}}).Set(in_sync ? 1 : 0);
}

void Metrics::Objects(const std::string& kind, std::size_t cached) {
  families_->objects.Add({{"kind", kind}}).Set(static_cast<double>(cached));
}

void Metrics::Compiled(std::chrono::nanoseconds took) { families_->compile.Observe(Seconds(took)); }

void Metrics::Published(std::size_t states) { families_->published.Increment(static_cast<double>(states)); }

void Metrics::AgentsBehind(std::size_t agents) { families_->behind.Set(static_cast<double>(agents)); }

void Metrics::Waited(std::chrono::nanoseconds in_queue) { families_->queue.Observe(Seconds(in_queue)); }

void Metrics::Request(const std::string& verb, int status, std::chrono::nanoseconds took) {
  const std::string code = std::to_string(status);
  families_->requests.Add({{"verb", verb}, {"code", code}}).Increment();
  families_->request_seconds.Add({{"verb", verb}}, kSeconds).Observe(Seconds(took));
  if (status == 0 || status >= 400) families_->errors.Add({{"verb", verb}, {"code", code}}).Increment();
}

void Metrics::StatusWritten(bool well) { (well ? families_->written : families_->failed).Increment(); }

void Metrics::Leading(bool leading) { families_->leader.Set(leading ? 1 : 0); }

void Metrics::StreamIs(const Stream& stream) {
  families_->connected.Set(static_cast<double>(stream.connected));
  Follow(families_->sent, stream.states_sent);
  Follow(families_->reports, stream.reports);
  Follow(families_->refused, stream.refused);
  Follow(families_->dropped, stream.dropped);
  Follow(families_->bytes, stream.bytes_sent);
}

std::string Metrics::Text() {
  {
    const std::lock_guard lock(families_->mutex);
    for (const auto& [kind, when] : families_->heard) {
      families_->lag.Add({{"kind", kind}}).Set(Seconds(Clock::now() - when));
    }
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families_->registry.Collect());
  return text.str();
}

}  // namespace podmirror::metrics
