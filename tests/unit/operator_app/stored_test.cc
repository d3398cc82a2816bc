#include "operator/app/stored.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace podmirror::app {
namespace {

using Json = nlohmann::json;

push::Certificates Some() { return {"ca", "ca-key", "", "", "cert\n", "key", "bundle"}; }

TEST(Base64, IsThatOfTheRfc) {
  // RFC 4648 section 10.
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xff\xfe\xfb", "//77"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(EncodeBase64(bytes), text);
    EXPECT_EQ(DecodeBase64(text).value(), bytes);
  }
}

TEST(Base64, AnythingElseIsRefused) {
  EXPECT_FALSE(DecodeBase64("Zm9v\n"));
  EXPECT_FALSE(DecodeBase64("Zm=v"));
  EXPECT_FALSE(DecodeBase64("Zm-_"));
}

TEST(Stored, WhatIsWrittenIsRead) {
  const std::string secret = WithCertificates(R"({"metadata":{"name":"s","resourceVersion":"7"}})", Some());
  const std::string map = WithBundle(R"({"metadata":{"name":"m"}})", Some());
  EXPECT_EQ(ReadStored(secret, map).value(), Some());
}

TEST(Stored, TheObjectItselfIsKept) {
  const Json secret = Json::parse(
      WithCertificates(R"({"metadata":{"resourceVersion":"7"},"type":"Opaque","data":{"mine":"eA=="}})", Some()));
  EXPECT_EQ(secret["metadata"]["resourceVersion"], "7");
  EXPECT_EQ(secret["type"], "Opaque");
  EXPECT_EQ(secret["data"]["mine"], "eA==");
  EXPECT_FALSE(secret["data"].contains("next-ca.key"));
}

TEST(Stored, AKeyThatIsOverGoes) {
  const Json secret = Json::parse(WithCertificates(R"({"data":{"next-ca.key":"eA=="}})", Some()));
  EXPECT_FALSE(secret["data"].contains("next-ca.key"));
}

TEST(Stored, EmptyObjectsHoldNothing) { EXPECT_EQ(ReadStored("{}", R"({"data":null})").value(), push::Certificates{}); }

TEST(Stored, AKeyThatNobodyCanReadIsAbsent) {
  EXPECT_EQ(ReadStored(R"({"data":{"tls.crt":"*","tls.key":7}})", R"({"data":[]})").value(), push::Certificates{});
}

TEST(Stored, AnAnswerThatIsNoObjectIsAnError) {
  EXPECT_FALSE(ReadStored("[]", "{}"));
  EXPECT_FALSE(ReadStored("{}", "nonsense"));
}

}  // namespace
}  // namespace podmirror::app
