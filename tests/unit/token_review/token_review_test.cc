#include "operator/kube/token_review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "operator/kube/transport.h"

namespace podmirror::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

// Answers every review in the same way.
class Reviewer : public Transport {
 public:
  std::expected<Response, TransportError> answer;
  Request asked;

  std::expected<Response, TransportError> Roundtrip(const Request& request) override {
    asked = request;
    return answer;
  }
  std::expected<StreamStart, TransportError> Open(const Request&, std::chrono::milliseconds) override {
    return std::unexpected(TransportError{});
  }
  void Shutdown() override {}
};

// As kube-apiserver 1.36 answers for a pod's projected token.
Json Answer() {
  return Json::parse(R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{},
    "status":{"authenticated":true,"user":{"username":"system:serviceaccount:podmirror:agent","uid":"u",
    "groups":["system:serviceaccounts"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=1"],
    "authentication.kubernetes.io/node-name":["n1"],"authentication.kubernetes.io/node-uid":["nu"],
    "authentication.kubernetes.io/pod-name":["agent-x"],"authentication.kubernetes.io/pod-uid":["pu"]}},
    "audiences":["podmirror-operator"]}})");
}

class TokenReview : public ::testing::Test {
 protected:
  Result<TokenOwner> Review(const Json& answer, const std::string& token = "secret.token.x") {
    transport->answer = Response{201, {}, answer.dump()};
    return ReviewToken(client, token, "podmirror-operator");
  }
  std::string Refusal(const Json& answer) {
    const Result<TokenOwner> owner = Review(answer);
    return owner ? "accepted" : Describe(owner.error());
  }

  std::shared_ptr<Reviewer> transport = std::make_shared<Reviewer>();
  Client client{transport, {}, [] { return false; }};  // one that does not lead asks too
};

TEST_F(TokenReview, SaysWhoseItIs) {
  const Result<TokenOwner> owner = Review(Answer());
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->service_account, (ObjectKey{"podmirror", "agent"}));
  EXPECT_EQ(owner->pod_name, "agent-x");
  EXPECT_EQ(owner->pod_uid, "pu");
  EXPECT_EQ(owner->node, "n1");
}

TEST_F(TokenReview, AsksForTheTokenAndTheAudience) {
  Review(Answer());
  EXPECT_EQ(transport->asked.target, "/apis/authentication.k8s.io/v1/tokenreviews");
  const Json body = Json::parse(transport->asked.body);
  EXPECT_EQ(body.at("kind"), "TokenReview");
  EXPECT_EQ(body.at("spec"), Json::parse(R"({"token":"secret.token.x","audiences":["podmirror-operator"]})"));
}

TEST_F(TokenReview, RefusesWhatTheServerDoesNotKnow) {
  Json answer = Answer();
  answer["status"] = {{"authenticated", false}, {"error", "invalid bearer token"}};
  EXPECT_THAT(Refusal(answer), HasSubstr("invalid bearer token"));
  for (const Json& status : {Json(), Json::object(), Json({{"authenticated", "true"}}), Json({{"authenticated", 1}})}) {
    answer["status"] = status;
    EXPECT_THAT(Refusal(answer), HasSubstr("does not know the token"));
  }
  EXPECT_THAT(Refusal(Json::array()), HasSubstr("does not know the token"));
}

// A server that checks no audiences authenticates a token for anybody.
TEST_F(TokenReview, RefusesAnAnswerThatDoesNotNameTheAudience) {
  for (const Json& audiences :
       {Json(), Json::array(), Json("podmirror-operator"), Json({"https://kubernetes"}), Json({7})}) {
    Json answer = Answer();
    answer["status"]["audiences"] = audiences;
    EXPECT_THAT(Refusal(answer), HasSubstr("not for the audience podmirror-operator"));
  }
  Json answer = Answer();
  answer["status"].erase("audiences");
  EXPECT_THAT(Refusal(answer), HasSubstr("audience"));
}

TEST_F(TokenReview, RefusesUsersThatAreNoServiceAccount) {
  for (const char* user :
       {"admin", "", "system:node:n1", "system:serviceaccount:", "system:serviceaccount:a", "system:serviceaccount::b",
        "system:serviceaccount:a:", "system:serviceaccount:a:b:c", "xsystem:serviceaccount:a:b"}) {
    Json answer = Answer();
    answer["status"]["user"]["username"] = user;
    EXPECT_THAT(Refusal(answer), HasSubstr("not a ServiceAccount's")) << user;
  }
}

TEST_F(TokenReview, ATokenThatIsBoundToNoPodHasNone) {
  Json answer = Answer();
  answer["status"]["user"].erase("extra");
  const Result<TokenOwner> owner = Review(answer);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->pod_name + owner->pod_uid + owner->node, "");
}

TEST_F(TokenReview, AmbiguousExtrasCountAsNone) {
  Json answer = Answer();
  answer["status"]["user"]["extra"]["authentication.kubernetes.io/node-name"] = {"n1", "n2"};
  answer["status"]["user"]["extra"]["authentication.kubernetes.io/pod-uid"] = "pu";
  const Result<TokenOwner> owner = Review(answer);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->node + owner->pod_uid, "");
}

TEST_F(TokenReview, AServerThatCannotBeAskedVouchesForNobodyAndTheTokenIsNotSaid) {
  transport->answer = Response{403, {}, R"({"kind":"Status","reason":"Forbidden","message":"no"})"};
  const Result<TokenOwner> refused = ReviewToken(client, "secret.token.x", "podmirror-operator");
  ASSERT_FALSE(refused);
  EXPECT_THAT(Describe(refused.error()), Not(HasSubstr("secret")));
  transport->answer = std::unexpected(TransportError{TransportError::Kind::kTimeout, "no answer"});
  EXPECT_FALSE(ReviewToken(client, "secret.token.x", "podmirror-operator"));
  transport->answer = Response{201, {}, "nonsense"};
  EXPECT_FALSE(ReviewToken(client, "secret.token.x", "podmirror-operator"));
}

TEST_F(TokenReview, ATokenOfAnyBytesIsAskedFor) {
  EXPECT_TRUE(Review(Answer(), "\xff\xfe\"\n"));
  EXPECT_FALSE(Json::parse(transport->asked.body, nullptr, false).is_discarded());
}

// {"alg":"RS256"} . claims . signature
std::string Jwt(const std::string& claims) { return "eyJhbGciOiJSUzI1NiJ9." + claims + ".c2ln"; }

TEST(ExpiryOf, ReadsTheClaim) {
  // {"exp":1764000000,"sub":"x?>"}: with the digits - and _ of base64url
  EXPECT_EQ(ExpiryOf(Jwt("eyJleHAiOjE3NjQwMDAwMDAsInN1YiI6Ing_PiJ9")), ParseInstant("2025-11-24T16:00:00Z").value());
  EXPECT_EQ(ExpiryOf(Jwt("eyJleHAiOjF9")), Instant(std::chrono::seconds(1)));  // {"exp":1}
}

TEST(ExpiryOf, SaysNothingOfWhatIsNoJwt) {
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), std::string("a.b.c.d"), Jwt("!!!"),
        Jwt("eyJleHAiOjF"), Jwt("eyJleHAiOjF9="), Jwt("e30"), Jwt("eyJleHAiOiIxIn0"), Jwt("eyJleHAiOi0xfQ"),
        Jwt("eyJleHAiOjFlMzB9"), Jwt("W10")}) {
    EXPECT_FALSE(ExpiryOf(token)) << token;
  }
}

}  // namespace
}  // namespace podmirror::kube
