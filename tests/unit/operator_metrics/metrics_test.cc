#include "operator/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace podmirror::metrics {
namespace {

using std::chrono_literals::operator""ms;
using ::testing::HasSubstr;
using ::testing::Not;

// All that there is, said once.
void SayAll(Metrics& metrics) {
  metrics.WatchHeard("pods");
  metrics.InSync("pods", true);
  metrics.Objects("pods", 3);
  metrics.Compiled(30ms);
  metrics.Published(2);
  metrics.AgentsBehind(1);
  metrics.Waited(2ms);
  metrics.Request("get", 200, 1ms);
  metrics.StatusWritten(true);
  metrics.Leading(true);
  metrics.StreamIs({.connected = 4, .states_sent = 5, .reports = 6, .refused = 7, .dropped = 8, .bytes_sent = 9});
}

TEST(Metrics, TheirNamesAreTheApi) {
  Metrics metrics;
  SayAll(metrics);
  metrics.Request("get", 500, 1ms);
  std::set<std::string> names;
  std::istringstream text(metrics.Text());
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) names.insert(line.substr(7));
  }
  EXPECT_EQ(names, (std::set<std::string>{
                       "podmirror_operator_agents_behind gauge",
                       "podmirror_operator_agents_connected gauge",
                       "podmirror_operator_api_errors_total counter",
                       "podmirror_operator_api_request_seconds histogram",
                       "podmirror_operator_api_requests_total counter",
                       "podmirror_operator_compile_seconds histogram",
                       "podmirror_operator_kind_in_sync gauge",
                       "podmirror_operator_leader gauge",
                       "podmirror_operator_objects_cached gauge",
                       "podmirror_operator_queue_age_seconds histogram",
                       "podmirror_operator_states_published_total counter",
                       "podmirror_operator_status_writes_total counter",
                       "podmirror_operator_stream_dropped_total counter",
                       "podmirror_operator_stream_refused_total counter",
                       "podmirror_operator_stream_reports_total counter",
                       "podmirror_operator_stream_sent_bytes_total counter",
                       "podmirror_operator_stream_states_sent_total counter",
                       "podmirror_operator_watch_lag_seconds gauge",
                   }));
}

TEST(Metrics, SayWhatTheyWereTold) {
  Metrics metrics;
  SayAll(metrics);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("podmirror_operator_objects_cached{kind=\"pods\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_kind_in_sync{kind=\"pods\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_compile_seconds_bucket{le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_compile_seconds_bucket{le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_states_published_total 2\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_agents_behind 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_status_writes_total{outcome=\"written\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_leader 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_agents_connected 4\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_stream_states_sent_total 5\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_stream_sent_bytes_total 9\n"));
}

TEST(Metrics, ErrorsAreRequestsThatFailed) {
  Metrics metrics;
  metrics.Request("apply", 200, 1ms);
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("api_errors_total{")));
  metrics.Request("apply", 409, 1ms);
  metrics.Request("list", 0, 1ms);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("podmirror_operator_api_errors_total{code=\"409\",verb=\"apply\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_api_errors_total{code=\"0\",verb=\"list\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("podmirror_operator_api_requests_total{code=\"200\",verb=\"apply\"} 1\n"));
}

TEST(Metrics, CountersOfTheStreamNeverGoDown) {
  Metrics metrics;
  metrics.StreamIs({.states_sent = 5});
  metrics.StreamIs({.states_sent = 3});
  EXPECT_THAT(metrics.Text(), HasSubstr("podmirror_operator_stream_states_sent_total 5\n"));
}

TEST(Metrics, LagIsSaidOfKindsThatWereHeard) {
  Metrics metrics;
  metrics.WatchHeard("tms");
  EXPECT_THAT(metrics.Text(), HasSubstr("podmirror_operator_watch_lag_seconds{kind=\"tms\"} "));
}

}  // namespace
}  // namespace podmirror::metrics
