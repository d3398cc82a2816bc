#include "operator/kube/reflector_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/reflector/scripted.h"

namespace podmirror::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Answer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Lines;
using ::testing::Not;

constexpr auto kUnreachable = TransportError::Kind::kUnreachable;
constexpr auto kTimeout = TransportError::Kind::kTimeout;

std::string Pod(const std::string& name, int version, const std::string& more = "") {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","namespace":"shop","resourceVersion":")" + std::to_string(version) + "\"}" + more + "}";
}
std::string Event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}
std::string Added(const std::string& name, int version) { return Event("ADDED", Pod(name, version)); }
std::string Modified(const std::string& name, int version) { return Event("MODIFIED", Pod(name, version)); }
std::string Deleted(const std::string& name, int version) { return Event("DELETED", Pod(name, version)); }
std::string BookmarkAt(int version, bool end = false) {
  const std::string mark = end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "";
  return Event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + std::to_string(version) + "\"" + mark + "}}");
}
std::string EndAt(int version) { return BookmarkAt(version, true); }
std::string ServerError(int code) {
  return Event("ERROR", R"({"kind":"Status","code":)" + std::to_string(code) + R"(,"message":"as scripted"})");
}
Answer Page(const std::vector<std::string>& pods, int version, const std::string& next = "") {
  std::string items;
  for (const std::string& pod : pods) items += (items.empty() ? "" : ",") + pod;
  return Response{200,
                  {},
                  R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"(","continue":")" + next +
                      R"("},"items":[)" + items + "]}"};
}
Answer No(int status, Headers headers = {}) {
  return Response{status, std::move(headers), R"({"kind":"Status","message":"as scripted"})"};
}
Answer Lost() { return TransportError{kUnreachable, "connection refused"}; }
// The namespace kube-system, by which a store is known.
Answer Store(const std::string& uid = "store-1") {
  return Response{200, {}, R"({"metadata":{"name":"kube-system","uid":")" + uid + "\"}}"};
}

std::string Text(const WatchEvent& event) {
  const auto word = [](const ObjectKey& key) { return " " + key.name; };
  struct Visitor {
    decltype(word) say;
    std::string operator()(const Listed& listed) const {
      std::string text = "listed";
      for (const Object& object : listed.objects) text += say(KeyOf(object));
      for (const ObjectKey& key : listed.unreadable) text += say(key) + "?";
      return text;
    }
    std::string operator()(const Put& put) const { return "put" + say(KeyOf(put.object)); }
    std::string operator()(const Removed& removed) const { return "removed" + say(removed.key); }
    std::string operator()(const OutOfSync&) const { return "out of sync"; }
    std::string operator()(const Unheard&) const { return "unheard"; }
    std::string operator()(const Unreadable& unreadable) const { return "unreadable" + say(unreadable.key); }
    std::string operator()(const Fresh&) const { return "fresh"; }
  };
  return std::visit(Visitor{word}, event);
}

class WatcherTest : public ::testing::Test {
 protected:
  void Say(const std::string& asks, Answer answer) { transport.script.push_back({asks, std::move(answer)}); }
  void StoreIs(const std::string& uid = "store-1") { Say("/namespaces/kube-system", Store(uid)); }
  void Watches(Lines lines) { Say("watch=true", std::move(lines)); }
  void ListsByWatch(std::vector<std::string> lines, std::optional<TransportError> then = std::nullopt) {
    StoreIs();
    Say("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", Lines{std::move(lines), std::move(then)});
  }
  void LooksWell(int version = 1'000'000) {
    StoreIs();
    Say("limit=1", Page({}, version));
  }

  // Runs the script to its end. What was handed over, without Fresh where `fresh` does not ask for it.
  std::vector<std::string> Run(bool fresh = false) {
    Watcher watcher(
        Kind::kPod, transport, settings,
        [&](WatchEvent event) {
          if (fresh || !std::holds_alternative<Fresh>(event)) said.push_back(Text(event));
          if (auto* out = std::get_if<OutOfSync>(&event)) errors.push_back(Describe(out->why));
          if (auto* unheard = std::get_if<Unheard>(&event)) errors.push_back(Describe(unheard->why));
        },
        clock);
    transport.on_end = [&watcher] { watcher.Stop(); };
    watcher.Run();
    EXPECT_THAT(transport.unexpected, IsEmpty());
    return said;
  }

  testing::StillClock clock;
  testing::ScriptedTransport transport{clock};
  ReflectorSettings settings;
  std::vector<std::string> said;
  std::vector<std::string> errors;
};

TEST_F(WatcherTest, ListsByWatchAndGoesOnWithTheSameStream) {
  ListsByWatch({Added("a", 7), Added("b", 3), EndAt(9), Modified("a", 10), Deleted("b", 11), Added("c", 12)});
  EXPECT_THAT(Run(), ElementsAre("listed a b", "put a", "removed b", "put c"));
}

TEST_F(WatcherTest, AsksForBookmarksAndARandomTimeout) {
  ListsByWatch({EndAt(9)});
  Run();
  EXPECT_THAT(transport.asked.back(), HasSubstr("/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=450"));
}

TEST_F(WatcherTest, AnEmptyListIsAList) {
  ListsByWatch({EndAt(9)});
  EXPECT_THAT(Run(), ElementsAre("listed"));
}

TEST_F(WatcherTest, TakesChangesWithinTheList) {
  ListsByWatch({Added("a", 7), Added("b", 3), Deleted("a", 8), Modified("b", 9), EndAt(9)});
  EXPECT_THAT(Run(), ElementsAre("listed b"));
}

TEST_F(WatcherTest, GoesOnWhereItWasAfterALookAtTheStore) {
  ListsByWatch({Added("a", 7), EndAt(9), BookmarkAt(20)});
  LooksWell(20);
  Say("watch=true&allowWatchBookmarks=true&timeoutSeconds=450&resourceVersion=20", Lines{{Modified("a", 25)}, {}});
  LooksWell(25);
  Say("resourceVersion=25", Lines{});
  EXPECT_THAT(Run(), ElementsAre("listed a", "put a"));
  EXPECT_THAT(clock.pauses, IsEmpty());
}

TEST_F(WatcherTest, SaysFreshAtStartsAndBookmarksAndOnceASecondWithEvents) {
  StoreIs();
  Say("sendInitialEvents",
      Lines{{Added("a", 7), EndAt(9), Modified("a", 10), Modified("a", 11), Modified("a", 12), BookmarkAt(13)},
            {},
            std::chrono::milliseconds(600)});
  EXPECT_THAT(Run(true), ElementsAre("listed a", "fresh", "put a", "put a", "fresh", "put a", "fresh"));
}

// 410 inside the stream: the ERROR event.
TEST_F(WatcherTest, AnExpiredVersionInTheStreamListsAnewAndSwapsAtOnce) {
  ListsByWatch({Added("a", 7), Added("b", 8), EndAt(9), ServerError(410)});
  ListsByWatch({Added("b", 8), Added("c", 30), EndAt(31)});
  EXPECT_THAT(Run(), ElementsAre("listed a b", "listed b c"));
}

TEST_F(WatcherTest, AnExpiredVersionOutsideTheStreamListsAnew) {
  ListsByWatch({Added("a", 7), EndAt(9)});
  LooksWell();
  Say("resourceVersion=9", No(410));
  ListsByWatch({Added("b", 30), EndAt(31)});
  EXPECT_THAT(Run(), ElementsAre("listed a", "listed b"));
}

TEST_F(WatcherTest, HalfAListIsNeverHandedOver) {
  ListsByWatch({Added("a", 7), Added("b", 8)});                                         // ends
  ListsByWatch({Added("a", 7), Added("b", 8)}, TransportError{kUnreachable, "reset"});  // breaks
  ListsByWatch({Added("a", 7), ServerError(410)});                                      // expires
  ListsByWatch({Added("a", 7), ServerError(429)});                                      // too many requests
  ListsByWatch({Added("a", 7), R"({"type":"ADDED","object":{"kind")"});                 // is cut
  ListsByWatch({Added("c", 9), EndAt(9)});
  EXPECT_THAT(Run(), ElementsAre("unheard", "unheard", "unheard", "unheard", "listed c"));
}

TEST_F(WatcherTest, HalfAListOfPagesIsNeverHandedOver) {
  StoreIs();
  Say("sendInitialEvents", No(422));
  for (const Answer& broken : {Lost(), No(410), No(500), Answer(Response{200, {}, "{\"items\":[{"})}) {
    StoreIs();
    Say("?limit=500", Page({Pod("a", 1)}, 5, "next"));
    Say("continue=next", broken);
  }
  StoreIs();
  Say("?limit=500", Page({Pod("b", 1)}, 5));
  EXPECT_THAT(Run(), ElementsAre("unheard", "unheard", "unheard", "listed b"));
}

TEST_F(WatcherTest, ListsInPagesWhereTheServerKnowsNoWatchList) {
  StoreIs();
  Say("sendInitialEvents", No(422));
  StoreIs();
  Say("/api/v1/pods?limit=500", Page({Pod("a", 1), Pod("b", 2)}, 50, "a+b/c="));
  Say("/api/v1/pods?limit=500&continue=a%2Bb%2Fc%3D", Page({Pod("c", 3)}, 50));
  Say("resourceVersion=50", Lines{{Modified("c", 51)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a b c", "put c"));
  EXPECT_THAT(transport.asked, Not(Contains(HasSubstr("resourceVersion=0"))));
}

TEST_F(WatcherTest, APageThatIsRefusedFor429IsAskedForAgainAfterItsTime) {
  StoreIs();
  Say("sendInitialEvents", No(400));
  StoreIs();
  Say("?limit=500", Page({Pod("a", 1)}, 50, "next"));
  Say("continue=next", No(429, {{"retry-after", "3"}}));
  Say("continue=next", Page({Pod("b", 1)}, 50));
  EXPECT_THAT(Run(), ElementsAre("unheard", "listed a b"));
  EXPECT_THAT(clock.pauses, ElementsAre(seconds(3)));
}

TEST_F(WatcherTest, AServerThatIgnoresTheWatchListIsLeftAfterItsTime) {
  for (const bool silent : {true, false}) {
    said.clear();
    transport.idles.clear();
    StoreIs();
    Lines lines{{Added("a", 7), Added("b", 8), Modified("b", 9)}, {}};
    if (silent) lines.then = TransportError{kTimeout, "nothing came"};
    if (!silent) lines.each = seconds(30);
    Say("sendInitialEvents", lines);
    StoreIs();
    Say("?limit=500", Page({Pod("a", 7)}, 9));
    EXPECT_THAT(Run(), ElementsAre("listed a"));
    EXPECT_EQ(transport.idles.front(), settings.initial_events);
  }
}

TEST_F(WatcherTest, TooManyRequestsWaitsAndWatchesOnWithoutAList) {
  ListsByWatch({Added("a", 7), EndAt(9)});
  LooksWell();
  Say("resourceVersion=9", No(429, {{"retry-after", "2"}}));
  Say("resourceVersion=9", Lines{{Modified("a", 10)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "put a"));
  EXPECT_THAT(clock.pauses, ElementsAre(seconds(2)));
}

TEST_F(WatcherTest, AnOutageKeepsWhatIsKnownAndGoesOnWhereItWas) {
  ListsByWatch({Added("a", 7), EndAt(9)}, TransportError{kUnreachable, "connection reset"});
  for (int i = 0; i < 5; ++i) Say("kube-system", Lost());
  LooksWell();
  Say("resourceVersion=9", Lines{{Deleted("a", 10)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "unheard", "removed a"));
  EXPECT_THAT(errors, ElementsAre(HasSubstr("connection reset"), HasSubstr("connection refused")));
  EXPECT_EQ(clock.pauses.size(), 6u);
}

TEST_F(WatcherTest, ASilentWatchIsDead) {
  ListsByWatch({Added("a", 7), EndAt(9)});
  LooksWell();
  Watches({{}, TransportError{kTimeout, "nothing came"}});
  LooksWell();
  Say("resourceVersion=9", Lines{{Modified("a", 10)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "put a"));
  EXPECT_THAT(transport.idles, ElementsAre(settings.initial_events, settings.idle, settings.idle));
}

// The stream of a watch-list has the shorter silence of a list; that is no fault of the server.
TEST_F(WatcherTest, SilenceAfterTheListOnlyBeginsTheWatchAnew) {
  ListsByWatch({Added("a", 7), EndAt(9)}, TransportError{kTimeout, "nothing came"});
  LooksWell();
  Say("resourceVersion=9", Lines{});
  EXPECT_THAT(Run(), ElementsAre("listed a"));
  EXPECT_THAT(clock.pauses, IsEmpty());
}

TEST_F(WatcherTest, AStoreWithLowerVersionsIsListedAnew) {
  ListsByWatch({Added("a", 700), EndAt(900)}, TransportError{kUnreachable, "reset"});
  LooksWell(12);
  ListsByWatch({EndAt(13)});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "listed"));
}

// It may have come further than the old one before we are back.
TEST_F(WatcherTest, AnotherStoreIsListedAnewWhateverItsVersions) {
  ListsByWatch({Added("a", 7), EndAt(9)}, TransportError{kUnreachable, "reset"});
  StoreIs("store-2");
  StoreIs("store-2");
  Say("sendInitialEvents", Lines{{EndAt(5000)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "listed"));
}

TEST_F(WatcherTest, AStoreThatHasNoKubeSystemYetIsListedAnew) {
  ListsByWatch({Added("a", 7), EndAt(9)}, TransportError{kUnreachable, "reset"});
  Say("kube-system", No(404));
  ListsByWatch({EndAt(5000)});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "listed"));
}

TEST_F(WatcherTest, WhereTheStoreMayNotBeAskedItsVersionsAreStillCompared) {
  Say("kube-system", No(403));
  Say("sendInitialEvents", Lines{{Added("a", 7), EndAt(900)}, {}});
  Say("kube-system", No(403));
  Say("limit=1", Page({}, 12));
  Say("kube-system", No(403));
  Say("sendInitialEvents", Lines{{EndAt(13)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed a", "listed"));
}

TEST_F(WatcherTest, AVersionThatGoesBackInTheStreamListsAnew) {
  for (const std::string& line : {Modified("a", 8), BookmarkAt(8)}) {
    said.clear();
    ListsByWatch({Added("a", 7), EndAt(9), line, Modified("b", 99)});
    ListsByWatch({EndAt(13)});
    EXPECT_THAT(Run(), ElementsAre("listed a", "listed"));
  }
}

TEST_F(WatcherTest, VersionsThatAreNoNumbersAreNotCompared) {
  const std::string pod = R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","resourceVersion":")";
  ListsByWatch({EndAt(9), Event("ADDED", pod + "abc\"}}"), Event("MODIFIED", pod + "5x\"}}")});
  EXPECT_THAT(Run(), ElementsAre("listed", "put a", "put a"));
}

TEST_F(WatcherTest, AKindThatIsMissingIsOutOfSyncUntilItIsListed) {
  for (int i = 0; i < 3; ++i) {
    StoreIs();
    Say("sendInitialEvents", No(404));
  }
  ListsByWatch({EndAt(9)});
  EXPECT_THAT(Run(), ElementsAre("out of sync", "listed"));
  EXPECT_EQ(clock.pauses.size(), 3u);
}

TEST_F(WatcherTest, AKindThatVanishesIsOutOfSyncAndNothingOfItIsRemoved) {
  ListsByWatch({Added("a", 7), EndAt(9)}, TransportError{kUnreachable, "reset"});
  StoreIs();
  Say("limit=1", No(404));
  StoreIs();
  Say("sendInitialEvents", No(404));
  ListsByWatch({Added("a", 20), EndAt(30)});
  EXPECT_THAT(Run(), ElementsAre("listed a", "unheard", "out of sync", "listed a"));
}

TEST_F(WatcherTest, AMissingRightIsSaid) {
  StoreIs();
  Say("sendInitialEvents", No(403));
  ListsByWatch({EndAt(9)});
  EXPECT_THAT(Run(), ElementsAre("out of sync", "listed"));
  EXPECT_THAT(errors, ElementsAre(HasSubstr("the operator may not read pods: as scripted")));
}

TEST_F(WatcherTest, AnUnreadableObjectStopsNothing) {
  const std::string broken = R"(,"status":{"podIP":"nonsense"})";
  ListsByWatch({Added("a", 7), Event("ADDED", Pod("b", 8, broken)), EndAt(9), Event("MODIFIED", Pod("a", 10, broken)),
                Modified("c", 11)});
  LooksWell(11);
  Say("resourceVersion=11", Lines{});
  EXPECT_THAT(Run(), ElementsAre("listed a b?", "unreadable b", "unreadable a", "put c"));
}

TEST_F(WatcherTest, ALineThatIsNoFrameIsAskedForAgainAndLosesNothing) {
  ListsByWatch({EndAt(9), Added("a", 10), R"({"type":"ADDED","obj)"});
  LooksWell(11);
  Say("resourceVersion=10", Lines{{Added("b", 11)}, {}});
  EXPECT_THAT(Run(), ElementsAre("listed", "put a", "unheard", "put b"));
}

TEST_F(WatcherTest, AWatchThatEndsAtOnceIsNotBegunInAHurry) {
  ListsByWatch({EndAt(9)});
  for (int i = 0; i < 3; ++i) {
    LooksWell(9);
    Watches({{}, {}, {}, std::chrono::milliseconds(10)});
  }
  Run();
  EXPECT_THAT(clock.pauses, ElementsAre(std::chrono::milliseconds(800), std::chrono::milliseconds(1600),
                                        std::chrono::milliseconds(3200)));
}

}  // namespace
}  // namespace podmirror::kube
