#include "operator/kube/client.h"

#include <gmock/gmock.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace podmirror::kube {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Answers in order and notes what was asked. Pauses take no time.
class Scripted : public Transport {
 public:
  std::expected<Response, TransportError> Roundtrip(const Request& request) override {
    asked.push_back(request);
    if (answers.empty())
      return std::unexpected(TransportError{TransportError::Kind::kMalformed, "nothing is scripted"});
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  std::expected<StreamStart, TransportError> Open(const Request&, milliseconds) override {
    return std::unexpected(TransportError{});
  }
  void Shutdown() override { shut_down = true; }
  bool Pause(milliseconds duration) override {
    pauses.push_back(duration);
    return !shut_down;
  }

  std::deque<std::expected<Response, TransportError>> answers;
  std::vector<Request> asked;
  std::vector<milliseconds> pauses;
  bool shut_down = false;
};

std::unexpected<TransportError> Lost() {
  return std::unexpected(TransportError{TransportError::Kind::kUnreachable, "lost"});
}

Response Status(int code, const std::string& reason, Headers headers = {}, const std::string& more = "") {
  return {code, std::move(headers),
          R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"because","reason":")" + reason + "\"" +
              more + "}"};
}

class ClientTest : public testing::Test {
 protected:
  static constexpr Client::Limits kLimits{.per_second = 0};  // unlimited

  Client Make(Client::Limits limits = kLimits) {
    return Client(
        transport_, limits, [this] { return leads_; },
        [this](const std::string& verb, int status, std::chrono::nanoseconds) {
          observed_.push_back(verb + " " + std::to_string(status));
        });
  }

  std::shared_ptr<Scripted> transport_ = std::make_shared<Scripted>();
  bool leads_ = true;
  std::vector<std::string> observed_;
};

TEST_F(ClientTest, VerbsAreSentAsTheApiServerWantsThem) {
  Client client = Make();
  for (int i = 0; i < 6; ++i) transport_->answers.emplace_back(Response{200 + i % 2, {}, "{}"});
  EXPECT_EQ(client.Get("/a"), "{}");
  EXPECT_EQ(client.Create("/b", "1"), "{}");
  EXPECT_EQ(client.Update("/c", "2"), "{}");
  EXPECT_EQ(client.Apply("/d", "3"), "{}");
  EXPECT_EQ(client.MergePatch("/e", "4"), "{}");
  EXPECT_EQ(client.Review("/f", "5"), "{}");
  std::vector<std::string> sent;
  for (const auto& one : transport_->asked) {
    sent.push_back(one.method + " " + one.target + " " + one.content_type + " " + one.body);
  }
  EXPECT_THAT(sent, ElementsAre("GET /a  ", "POST /b application/json 1", "PUT /c application/json 2",
                                "PATCH /d?fieldManager=podmirror-operator&force=true application/apply-patch+yaml 3",
                                "PATCH /e application/merge-patch+json 4", "POST /f application/json 5"));
  EXPECT_THAT(observed_, ElementsAre("get 200", "create 201", "update 200", "apply 201", "patch 200", "review 201"));
}

TEST_F(ClientTest, ApplyKeepsTheQueryThatIsThere) {
  transport_->answers.emplace_back(Response{200, {}, ""});
  ASSERT_TRUE(Make().Apply("/a?dryRun=All", ""));
  EXPECT_EQ(transport_->asked[0].target, "/a?dryRun=All&fieldManager=podmirror-operator&force=true");
}

TEST_F(ClientTest, StatusSaysTheReason) {
  transport_->answers.emplace_back(Status(409, "AlreadyExists"));
  const auto answer = Make().Create("/a", "{}");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, 409);
  EXPECT_EQ(answer.error().reason, "AlreadyExists");
  EXPECT_EQ(answer.error().message, "because");
  EXPECT_FALSE(answer.error().transport);
}

TEST_F(ClientTest, AnswerWithoutAStatusGetsTheReasonOfItsNumber) {
  for (const std::string body : {"", "<html>", "[]", "{\"kind\":7}", "{\"kind\":\"Status\",\"reason\":5}"}) {
    transport_->answers.emplace_back(Response{404, {}, body});
    const auto answer = Make().Get("/a");
    EXPECT_EQ(answer.error().reason, "NotFound") << body;
    EXPECT_NE(answer.error().message, "") << body;
  }
}

TEST_F(ClientTest, RetryAfterIsHonouredForEveryVerb) {
  for (const int code : {429, 500, 503}) {
    transport_->answers.emplace_back(Status(code, "TooManyRequests", {{"retry-after", "3"}}));
    transport_->answers.emplace_back(Response{201, {}, "made"});
    EXPECT_EQ(Make().Create("/a", "{}"), "made") << code;
  }
  EXPECT_THAT(transport_->pauses, ElementsAre(milliseconds(3000), milliseconds(3000), milliseconds(3000)));
  EXPECT_EQ(transport_->asked.size(), 6);
}

TEST_F(ClientTest, RetryAfterInTheDetailsCountsToo) {
  transport_->answers.emplace_back(Status(429, "TooManyRequests", {}, R"(,"details":{"retryAfterSeconds":2})"));
  transport_->answers.emplace_back(Response{200, {}, "well"});
  EXPECT_EQ(Make().Create("/a", "{}"), "well");
  EXPECT_THAT(transport_->pauses, ElementsAre(milliseconds(2000)));
}

TEST_F(ClientTest, RetryAfterBeyondAllPatienceIsHandedToTheCaller) {
  transport_->answers.emplace_back(Status(429, "TooManyRequests", {{"retry-after", "3600"}}));
  const auto answer = Make().Get("/a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry_after, std::chrono::hours(1));
  EXPECT_THAT(transport_->pauses, IsEmpty());
}

TEST_F(ClientTest, PausesTogetherStayBelowHalfAMinute) {
  for (int i = 0; i < 20; ++i) transport_->answers.emplace_back(Status(503, "", {{"retry-after", "8"}}));
  EXPECT_FALSE(Make({.per_second = 0, .retries = 100}).Get("/a"));
  EXPECT_EQ(transport_->pauses.size(), 3);
}

TEST_F(ClientTest, RetriesAreCounted) {
  for (int i = 0; i < 20; ++i) transport_->answers.emplace_back(Status(429, "", {{"retry-after", "1"}}));
  EXPECT_EQ(Make({.per_second = 0, .retries = 2}).Get("/a").error().status, 429);
  EXPECT_EQ(transport_->asked.size(), 3);
  EXPECT_THAT(observed_, ElementsAre("get 429", "get 429", "get 429"));
}

TEST_F(ClientTest, LostConnectionIsTriedAgainOnlyWhereThatIsSafe) {
  const auto tries = [this](auto&& call) {
    transport_->asked.clear();
    transport_->answers.clear();
    transport_->answers.emplace_back(Lost());
    transport_->answers.emplace_back(Response{200, {}, ""});
    call(Make());
    return transport_->asked.size();
  };
  EXPECT_EQ(tries([](Client client) { EXPECT_TRUE(client.Get("/a")); }), 2);
  EXPECT_EQ(tries([](Client client) { EXPECT_TRUE(client.Update("/a", "")); }), 2);
  EXPECT_EQ(tries([](Client client) { EXPECT_TRUE(client.Apply("/a", "")); }), 2);
  EXPECT_EQ(tries([](Client client) { EXPECT_TRUE(client.MergePatch("/a", "")); }), 2);
  EXPECT_EQ(tries([](Client client) { EXPECT_TRUE(client.Review("/a", "")); }), 2);
  EXPECT_EQ(tries([](Client client) {
              const auto answer = client.Create("/a", "");
              ASSERT_FALSE(answer);
              EXPECT_EQ(answer.error().transport->kind, TransportError::Kind::kUnreachable);
            }),
            1);
}

TEST_F(ClientTest, WhatTryingDoesNotMendIsNotTriedAgain) {
  for (const auto kind : {TransportError::Kind::kTls, TransportError::Kind::kTimeout, TransportError::Kind::kCancelled,
                          TransportError::Kind::kTooLarge, TransportError::Kind::kMalformed}) {
    transport_->answers.emplace_back(std::unexpected(TransportError{kind, "so"}));
    EXPECT_EQ(Make().Get("/a").error().transport->kind, kind);
  }
  for (const int code : {400, 401, 403, 404, 409, 410, 422, 500}) {
    transport_->answers.emplace_back(Status(code, ""));
    EXPECT_EQ(Make().Get("/a").error().status, code);
  }
  EXPECT_THAT(transport_->pauses, IsEmpty());
}

TEST_F(ClientTest, WhoDoesNotLeadWritesNothing) {
  leads_ = false;
  Client client = Make();
  for (const auto& answer :
       {client.Create("/a", ""), client.Update("/a", ""), client.Apply("/a", ""), client.MergePatch("/a", "")}) {
    EXPECT_EQ(answer.error().reason, "NotLeading");
  }
  EXPECT_THAT(transport_->asked, IsEmpty());
  transport_->answers.emplace_back(Response{200, {}, ""});
  transport_->answers.emplace_back(Response{201, {}, ""});
  EXPECT_TRUE(client.Get("/a"));
  EXPECT_TRUE(client.Review("/a", ""));
}

TEST_F(ClientTest, LeadershipThatIsLostWhileWaitingStopsTheNextTry) {
  transport_->answers.emplace_back(Status(429, "", {{"retry-after", "1"}}));
  Client client(transport_, kLimits, [this] { return transport_->pauses.empty(); });
  EXPECT_EQ(client.Apply("/a", "").error().reason, "NotLeading");
  EXPECT_EQ(transport_->asked.size(), 1);
}

TEST_F(ClientTest, BurstIsFreeAndThenCallersWaitTheirTurn) {
  for (int i = 0; i < 5; ++i) transport_->answers.emplace_back(Response{200, {}, ""});
  Client client = Make({.per_second = 0.001, .burst = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.Get("/a"));
  EXPECT_THAT(transport_->pauses, IsEmpty());
  ASSERT_TRUE(client.Get("/a"));
  ASSERT_TRUE(client.Get("/a"));
  ASSERT_EQ(transport_->pauses.size(), 2);
  EXPECT_GT(transport_->pauses[0], std::chrono::seconds(900));
  EXPECT_GT(transport_->pauses[1], std::chrono::seconds(1900));
}

TEST_F(ClientTest, ShutdownEndsPauses) {
  transport_->answers.emplace_back(Status(429, "", {{"retry-after", "1"}}));
  transport_->shut_down = true;
  const auto answer = Make().Get("/a");
  EXPECT_EQ(answer.error().transport->kind, TransportError::Kind::kCancelled);
  EXPECT_EQ(transport_->asked.size(), 1);
}

TEST_F(ClientTest, ErrorSaysWhereAndWhatToDo) {
  transport_->answers.emplace_back(Status(403, "Forbidden"));
  transport_->answers.emplace_back(std::unexpected(TransportError{TransportError::Kind::kTimeout, "no answer"}));
  Client client = Make();
  const Error forbidden = client.Get("/a").error().ToError("lease a/b");
  EXPECT_EQ(forbidden.where, "lease a/b");
  EXPECT_NE(forbidden.fix, "");
  EXPECT_EQ(client.Get("/a").error().ToError("x").what, "no answer");
}

}  // namespace
}  // namespace podmirror::kube
