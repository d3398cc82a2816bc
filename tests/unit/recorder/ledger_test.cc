#include "operator/kube/recorder_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace podmirror::kube {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using Json = nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

Event OnSession(const std::string& note = "target lab/ids does not exist") {
  return {{"podmirror.io/v1alpha1", "TrafficMirrorSession", {"lab", "short"}, "uid-1"},
          {},
          true,
          "TargetNotFound",
          "Compile",
          note};
}

struct Book {
  Ledger ledger{"podmirror-operator-0"};
  LedgerTime time{Moment{}, std::chrono::system_clock::time_point{} + std::chrono::hours(24 * 365 * 50)};

  void Pass(seconds passed) {
    time.now += passed;
    time.wall += passed;
  }
  std::vector<EventWrite> Take(const Event& event) { return ledger.Take(event, time); }
  std::vector<EventWrite> Due() { return ledger.Due(time); }
};

TEST(Ledger, ANewEventIsCreatedAsTheApiServerWantsIt) {
  Book book;
  const std::vector<EventWrite> writes = book.Take(OnSession());
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_TRUE(writes[0].is_new);
  EXPECT_EQ(writes[0].path, "/apis/events.k8s.io/v1/namespaces/lab/events");
  Json body = Json::parse(writes[0].body);
  EXPECT_THAT(body["metadata"]["name"].get<std::string>(), MatchesRegex("short\\.[0-9a-f]{16}"));
  body["metadata"].erase("name");
  EXPECT_EQ(body, Json::parse(R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"namespace":"lab"},
      "eventTime":"2019-12-20T00:00:00.000000Z","reportingController":"podmirror.io/operator",
      "reportingInstance":"podmirror-operator-0","action":"Compile","reason":"TargetNotFound","type":"Warning",
      "note":"target lab/ids does not exist","regarding":{"apiVersion":"podmirror.io/v1alpha1",
      "kind":"TrafficMirrorSession","name":"short","namespace":"lab","uid":"uid-1"}})"));
}

TEST(Ledger, AnEventOnAPodNamesItsSession) {
  Book book;
  Event event = OnSession("mirrored by lab/short");
  event.related = std::exchange(event.regarding, {"v1", "Pod", {"shop", "web-1"}, "uid-2"});
  event.warning = false;
  const std::vector<EventWrite> writes = book.Take(event);
  ASSERT_THAT(writes, SizeIs(1));
  const Json body = Json::parse(writes[0].body);
  EXPECT_EQ(body["metadata"]["namespace"], "shop");
  EXPECT_EQ(body["related"]["name"], "short");
  EXPECT_EQ(body["type"], "Normal");
}

TEST(Ledger, AnEventOnANamespaceLiesInDefault) {
  Book book;
  Event event = OnSession();
  event.regarding = {"v1", "Namespace", {"", "shop"}, "u"};
  const std::vector<EventWrite> writes = book.Take(event);
  EXPECT_EQ(writes[0].path, "/apis/events.k8s.io/v1/namespaces/default/events");
  EXPECT_FALSE(Json::parse(writes[0].body)["regarding"].contains("namespace"));
}

TEST(Ledger, EqualEventsAreASeriesWhoseCountIsWrittenNowAndThen) {
  Book book;
  const std::string created = Json::parse(book.Take(OnSession())[0].body)["metadata"]["name"];
  for (int i = 0; i < 5; ++i) EXPECT_THAT(book.Take(OnSession()), IsEmpty());
  EXPECT_TRUE(book.ledger.has_due());
  EXPECT_THAT(book.Due(), IsEmpty());
  book.Pass(seconds(10));
  const std::vector<EventWrite> writes = book.Due();
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_FALSE(writes[0].is_new);
  EXPECT_THAT(writes[0].path, EndsWith("/namespaces/lab/events/" + created));
  EXPECT_EQ(writes[0].body, R"({"series":{"count":6,"lastObservedTime":"2019-12-20T00:00:00.000000Z"}})");
  EXPECT_FALSE(book.ledger.has_due());
  book.Pass(seconds(10));
  const std::vector<EventWrite> again = book.Take(OnSession());
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].body, R"({"series":{"count":7,"lastObservedTime":"2019-12-20T00:00:20.000000Z"}})");
}

TEST(Ledger, ASeriesEndsAfterSixQuietMinutes) {
  Book book;
  book.Take(OnSession());
  book.Pass(minutes(6));
  EXPECT_FALSE(book.Take(OnSession()).front().is_new);
  book.Pass(minutes(6) + seconds(1));
  EXPECT_TRUE(book.Take(OnSession()).front().is_new);
}

TEST(Ledger, WhatTheServerDoesNotHaveIsCreatedAnew) {
  Book book;
  book.Take(OnSession());
  book.Take(OnSession());
  book.ledger.Forget(OnSession());
  EXPECT_FALSE(book.ledger.has_due());
  EXPECT_TRUE(book.Take(OnSession()).front().is_new);
}

TEST(Ledger, NamesAreNeverUsedTwice) {
  Book book;
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    Event event = OnSession();
    event.reason += std::to_string(i);
    names.insert(Json::parse(book.Take(event)[0].body)["metadata"]["name"].get<std::string>());
  }
  EXPECT_THAT(names, SizeIs(20));
}

TEST(Ledger, ALongNameIsCut) {
  Book book;
  Event event = OnSession();
  event.regarding.key.name = std::string(235, 'a') + ".-." + std::string(15, 'b');
  const std::string name = Json::parse(book.Take(event)[0].body)["metadata"]["name"];
  EXPECT_THAT(name, MatchesRegex("a{235}\\.[0-9a-f]{16}"));
  EXPECT_LE(name.size(), 253u);
}

TEST(Ledger, ALongNoteIsCutBetweenCharacters) {
  Book book;
  std::string accents = "x";
  while (accents.size() < 2000) accents += "\xc3\xa9";
  const std::string cut = Json::parse(book.Take(OnSession(accents))[0].body)["note"];
  EXPECT_EQ(cut.size(), 1023u);
  EXPECT_THAT(cut, EndsWith("\xc3\xa9"));
}

TEST(Ledger, AFloodOnOneObjectIsCut) {
  Book book;
  std::size_t writes = 0;
  for (int i = 0; i < 1000; ++i) {
    Event event = OnSession();
    event.reason = "R" + std::to_string(i);
    writes += book.Take(event).size();
  }
  EXPECT_EQ(writes, 25u);
}

TEST(Ledger, AFloodOfNotesIsCombined) {
  Book book;
  std::vector<EventWrite> writes;
  for (int i = 0; i < 1000; ++i) {
    for (EventWrite& write : book.Take(OnSession(std::to_string(i)))) writes.push_back(std::move(write));
  }
  ASSERT_THAT(writes, SizeIs(11));
  EXPECT_EQ(Json::parse(writes.back().body)["note"], "(combined from similar events): 10");
  book.Pass(seconds(10));
  const std::vector<EventWrite> due = book.Due();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(Json::parse(due[0].body)["series"]["count"], 990);
}

TEST(Ledger, PodsOfOthersHearOfTwentyAndThenHowManyMore) {
  Book book;
  std::size_t created = 0;
  for (int i = 0; i < 100; ++i) {
    Event event = OnSession("mirrored by lab/short");
    event.related = std::exchange(event.regarding, {"v1", "Pod", {"shop", "web-" + std::to_string(i)}, "u"});
    created += book.Take(event).size();
  }
  EXPECT_EQ(created, 20u);
  book.Pass(minutes(1));
  const std::vector<EventWrite> due = book.Due();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(Json::parse(due[0].body)["note"], "mirrored by lab/short; and 79 more");
  EXPECT_EQ(Json::parse(due[0].body)["metadata"]["namespace"], "shop");
}

TEST(Ledger, AnyBytesInANoteGiveJson) {
  Book book;
  const std::vector<EventWrite> writes = book.Take(OnSession("\xff\"\n"));
  EXPECT_FALSE(Json::parse(writes[0].body, nullptr, false).is_discarded());
}

}  // namespace
}  // namespace podmirror::kube
