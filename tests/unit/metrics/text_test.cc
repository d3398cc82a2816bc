#include "node-agent/metrics/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Every term another number, so that none is taken for another.
pm_session_counters Counters() {
  pm_session_counters counters{};
  for (int i = 0; i < PM_SESSION_TERMS; ++i) counters.packets[i] = 1ULL << i;
  for (int i = 0; i < PM_SESSION_TERMS; ++i) counters.bytes[i] = 1000ULL << i;
  for (int i = 0; i < PM_SEGMENT_TERMS; ++i) counters.segments[i] = 1ULL << i;
  counters.segments[PM_SEGMENTS_OF_SEGMENTED] = 100;
  return counters;
}

std::string Line(const std::string& family, const std::string& outcome, std::uint64_t value) {
  return "\npodmirror_agent_session_" + family + R"({namespace="shop",session="tap",direction="ingress",outcome=")" +
         outcome + "\"} " + std::to_string(value) + "\n";
}

TEST(Text, NamesEachOutcomeOfASession) {
  Snapshot snapshot;
  snapshot.sessions[{"shop/tap", PM_INGRESS}] = Counters();
  const std::string text = ToText(snapshot);
  const std::pair<const char*, std::uint64_t> packets[] = {{"mirrored", (1 << PM_SENT) + (1 << PM_SEGMENTED)},
                                                           {"sampled_out", 0},
                                                           {"rate_limited", 0},
                                                           {"over_budget", 1 << PM_OVER_BUDGET},
                                                           {"drop_no_endpoint", 1 << PM_DROP_NO_ENDPOINT},
                                                           {"clone_failed", 1 << PM_CLONE_FAILED},
                                                           {"drop_truncate", 1 << PM_DROP_TRUNCATE},
                                                           {"drop_encap", 1 << PM_DROP_ENCAP},
                                                           {"drop_send", 1 << PM_DROP_SEND}};
  for (const auto& [outcome, value] : packets) {
    EXPECT_THAT(text, HasSubstr(Line("packets_total", outcome, value)));
    EXPECT_THAT(text, HasSubstr(Line("bytes_total", outcome, value * 1000)));
  }
  EXPECT_THAT(text,
              HasSubstr(Line("segments_total", "wire_sent", (1 << PM_SEGMENTS_OF_SENT) + (1 << PM_SEGMENTS_SENT))));
  EXPECT_THAT(text, HasSubstr(Line("segments_total", "dropped", 1 << PM_SEGMENTS_DROPPED)));
  EXPECT_THAT(text, HasSubstr(Line("segments_total", "backlog_drop", 100 - (1 << PM_SEGMENTS_IN))));
  EXPECT_THAT(text, HasSubstr(Line("segments_total", "ring_full", 0)));
  EXPECT_THAT(text, HasSubstr(Line("segments_total", "send_error", 0)));
}

TEST(Text, HasEveryFigureOfTheAgent) {
  Snapshot snapshot;
  snapshot.version = "0.1.0";
  snapshot.attached_interfaces = 2;
  snapshot.ops = 3;
  snapshot.op_errors = 4;
  snapshot.law_violations = 5;
  snapshot.revision_lag = 6;
  snapshot.states_taken = 7;
  snapshot.states_refused = 8;
  snapshot.state_errors = 9;
  snapshot.connected = true;
  snapshot.maps = {{"targets", 10, 1024}};
  snapshot.apply.Add(0.0015);
  snapshot.apply.Add(60);
  const std::string text = ToText(snapshot);
  for (const char* line :
       {"attached_interfaces 2", "ops_total 3", "op_errors_total 4", "law_violations 5", "revision_lag 6",
        "states_total{result=\"taken\"} 7", "states_total{result=\"older\"} 8", "state_file_errors_total 9",
        "connected 1", "map_entries{map=\"targets\"} 10", "map_max_entries{map=\"targets\"} 1024",
        "build_info{version=\"0.1.0\"} 1", "apply_seconds_count 2", "apply_seconds_bucket{le=\"0.001\"} 0",
        "apply_seconds_bucket{le=\"0.002\"} 1", "apply_seconds_bucket{le=\"5\"} 1",
        "apply_seconds_bucket{le=\"+Inf\"} 2"}) {
    EXPECT_THAT(text, HasSubstr("\npodmirror_agent_" + std::string(line) + "\n"));
  }
}

TEST(Text, SaysOfEachFigureWhatItIsAndOfWhatKind) {
  const std::string text = ToText({});
  EXPECT_THAT(text, HasSubstr("# TYPE podmirror_agent_session_packets_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE podmirror_agent_connected gauge\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE podmirror_agent_apply_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("# HELP podmirror_agent_law_violations "));
  EXPECT_THAT(text, Not(HasSubstr("# HELP podmirror_agent_ops_total \n")));
}

}  // namespace
}  // namespace podmirror::metrics
