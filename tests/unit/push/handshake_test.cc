#include "operator/push/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::push {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kUpgrade =
    "Host: operator\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

std::string Request(const std::string& line, const std::string& fields) { return line + "\r\n" + fields + "\r\n"; }

int StatusOf(const std::string& text) {
  const auto handshake = ParseHandshake(text);
  return handshake ? 101 : handshake.error().status;
}

TEST(ParseHandshake, TheTokenIsTaken) {
  const auto handshake =
      ParseHandshake(Request("GET /v1/stream HTTP/1.1", kUpgrade + "Authorization: bEaReR a.b-c_d~e+f/g=\r\n"));
  ASSERT_TRUE(handshake) << handshake.error().text;
  EXPECT_EQ(handshake->token, "a.b-c_d~e+f/g=");
}

TEST(ParseHandshake, WithoutOneGoodAuthorizationItIs401) {
  for (const char* line :
       {"", "Authorization: Bearer \r\n", "Authorization: Bearer\r\n", "Authorization: Basic YTpi\r\n",
        "Authorization: Bearer a b\r\n", "Authorization: Bearer a\x01\r\n",
        "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"}) {
    const int status = StatusOf(Request("GET /v1/stream HTTP/1.1", kUpgrade + line));
    EXPECT_TRUE(status == 401 || (status == 400 && std::string_view(line).contains('\x01'))) << line << status;
  }
}

TEST(ParseHandshake, AnotherPathIs404BeforeAnythingElseIsLookedAt) {
  for (const char* target : {"/", "/v1/stream/", "/v1/stream?node=a", "/v1/streams", "http://x/v1/stream", "*"}) {
    EXPECT_EQ(StatusOf(Request("GET " + std::string(target) + " HTTP/1.1", "")), 404) << target;
  }
}

TEST(ParseHandshake, AnotherMethodIs405) {
  EXPECT_EQ(StatusOf(Request("POST /v1/stream HTTP/1.1", kUpgrade + "Authorization: Bearer a\r\n")), 405);
}

TEST(ParseHandshake, ARequestWithABodyIs400) {
  for (const char* body : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(StatusOf(Request("GET /v1/stream HTTP/1.1", kUpgrade + "Authorization: Bearer a\r\n" + body)), 400);
  }
}

TEST(ParseHandshake, WhatIsNoWebSocketIs426) {
  const std::string token = "Authorization: Bearer a\r\n";
  EXPECT_EQ(StatusOf(Request("GET /v1/stream HTTP/1.1", "Host: x\r\n" + token)), 426);
  EXPECT_EQ(StatusOf(Request("GET /v1/stream HTTP/1.0", kUpgrade + token)), 426);
  for (const auto& [right, wrong] :
       {std::pair("Version: 13", "Version: 8"), {"b25jZQ==", "b"}, {"Upgrade: websocket", "Upgrade: h2c"}}) {
    std::string fields = kUpgrade + token;
    fields.replace(fields.find(right), std::string_view(right).size(), wrong);
    EXPECT_EQ(StatusOf(Request("GET /v1/stream HTTP/1.1", fields)), 426) << wrong;
  }
}

TEST(ParseHandshake, GarbageAndHalvesAre400) {
  const std::string whole = Request("GET /v1/stream HTTP/1.1", kUpgrade + "Authorization: Bearer a\r\n");
  ASSERT_EQ(StatusOf(whole), 101);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_EQ(StatusOf(whole.substr(0, cut)), 400) << cut;
  EXPECT_EQ(StatusOf(whole + "x"), 400);
  EXPECT_EQ(StatusOf("\x16\x03\x01\r\n\r\n"), 400);
}

TEST(ResponseTo, SaysWhatTheClientMayDo) {
  const std::string busy = ResponseTo({503, "another replica leads"});
  EXPECT_THAT(busy, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(busy, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(busy, HasSubstr("\r\nContent-Length: 22\r\n"));
  EXPECT_THAT(busy, EndsWith("\r\n\r\nanother replica leads\n"));
  EXPECT_THAT(ResponseTo({401, "no"}), HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(ResponseTo({426, "no"}), HasSubstr("\r\nUpgrade: websocket\r\n"));
}

}  // namespace
}  // namespace podmirror::push
