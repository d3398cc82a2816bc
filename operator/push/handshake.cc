#include "operator/push/handshake.h"

#include <utility>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace podmirror::push {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Request = http::request<http::empty_body>;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

std::unexpected<Refusal> Refuse(http::status status, std::string text) {
  return std::unexpected(Refusal{static_cast<int>(status), std::move(text)});
}

bool IsVisible(char c) { return c > ' ' && c < 0x7f; }

// RFC 6750 section 2.1, in one header line.
std::expected<std::string, Refusal> Token(const Request& request) {
  if (request.count(http::field::authorization) != 1) {
    return Refuse(http::status::unauthorized, "one line `Authorization: Bearer <token>` is needed");
  }
  const std::string_view line = View(request[http::field::authorization]);
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char written, char lower) { return (written | 0x20) == lower; };  // a blank has that bit
  if (line.size() < kScheme.size() || !std::ranges::equal(line.substr(0, kScheme.size()), kScheme, same)) {
    return Refuse(http::status::unauthorized, "the scheme of the Authorization is not Bearer");
  }
  const std::string_view token = line.substr(kScheme.size());
  if (token.empty() || !std::ranges::all_of(token, IsVisible)) {
    return Refuse(http::status::unauthorized, "the bearer token is empty or holds blanks");
  }
  return std::string(token);
}

bool IsWebSocket(const Request& request) {
  // RFC 6455 section 4.2.1: 16 bytes in base64, version 13.
  return beast::websocket::is_upgrade(request) && request[http::field::sec_websocket_version] == "13" &&
         request.count(http::field::sec_websocket_key) == 1 && request[http::field::sec_websocket_key].size() == 24;
}

}  // namespace

std::expected<Handshake, Refusal> ParseHandshake(std::string_view header) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(header.size() + 1));  // what may come was limited before
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error || !parser.is_header_done() || used != header.size()) {
    return Refuse(http::status::bad_request, "this is no HTTP/1.1 request that asks for a WebSocket");
  }
  const Request& request = parser.get();
  if (View(request.target()) != kStreamPath) {
    return Refuse(http::status::not_found, "not found; there is " + std::string(kStreamPath));
  }
  if (request.method() != http::verb::get) return Refuse(http::status::method_not_allowed, "only GET is answered here");
  if (parser.chunked() || parser.content_length().value_or(0) > 0) {
    return Refuse(http::status::bad_request, "a request for a WebSocket has no body");
  }
  if (!IsWebSocket(request)) return Refuse(http::status::upgrade_required, "only a WebSocket is served here");
  auto token = Token(request);
  if (!token) return std::unexpected(std::move(token.error()));
  return Handshake{std::move(*token), parser.release()};
}

std::string ResponseTo(const Refusal& refusal) {
  const auto reason = View(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(refusal.status))));
  std::string text = "HTTP/1.1 " + std::to_string(refusal.status) + " " + std::string(reason) + "\r\n";
  if (refusal.status == 401) text += "WWW-Authenticate: Bearer\r\n";
  if (refusal.status == 405) text += "Allow: GET\r\n";
  if (refusal.status == 426) text += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  if (refusal.status == 503) text += "Retry-After: 1\r\n";
  return text +
         "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(refusal.text.size() + 1) +
         "\r\nConnection: close\r\n\r\n" + refusal.text + "\n";
}

}  // namespace podmirror::push
