// An agent's first words: the HTTP request that shall become a WebSocket. Pure: bytes in, a judgement out. They come
// from anybody who reaches the port.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

namespace podmirror::push {

inline constexpr std::string_view kStreamPath = "/v1/stream";

struct Refusal {
  int status = 400;
  std::string text;  // for a person
};

struct Handshake {
  std::string token;
  boost::beast::http::request<boost::beast::http::empty_body> request;  // to be answered 101
};

// `header`: all that came, up to the blank line and with it.
std::expected<Handshake, Refusal> ParseHandshake(std::string_view header);

// The whole response; the connection ends with it.
std::string ResponseTo(const Refusal& refusal);

}  // namespace podmirror::push
