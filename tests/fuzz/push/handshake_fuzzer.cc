// Any bytes as an agent's first request: a token that may be handed to an API server, or a refusal with an HTTP status
// and a text; never an exception, a crash or a long wait.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "operator/push/handshake.h"

namespace podmirror::push {
namespace {

void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken promise: " << promise << "\n";
  std::abort();
}

void Inspect(const Refusal& refusal) {
  Require(refusal.status >= 400 && refusal.status < 500, "a refusal is the client's fault");
  Require(!refusal.text.empty(), "a refusal says something");
  const std::string response = ResponseTo(refusal);
  Require(response.starts_with("HTTP/1.1 " + std::to_string(refusal.status) + " "), "a response states its status");
  Require(response.ends_with("\r\n\r\n" + refusal.text + "\n"), "a response ends in its text");
}

void Inspect(std::string_view text, const Handshake& handshake) {
  Require(text.ends_with("\r\n\r\n"), "a request ends with its header");
  Require(!handshake.token.empty(), "a token is not empty");
  Require(std::ranges::all_of(handshake.token, [](char c) { return c > ' ' && c < 0x7f; }), "a token is visible ASCII");
  Require(text.contains(handshake.token), "a token is what was sent");
  Require(handshake.request.target() == "/v1/stream", "one path is served");
}

}  // namespace
}  // namespace podmirror::push

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto handshake = podmirror::push::ParseHandshake(text);
  if (handshake) {
    podmirror::push::Inspect(text, *handshake);
  } else {
    podmirror::push::Inspect(handshake.error());
  }
  return 0;
}
