#include "process/endpoint.h"

#include <pthread.h>

#include <array>
#include <chrono>
#include <exception>
#include <list>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "process/listen.h"

namespace podmirror::process {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kConnectionTime{5};  // for all of it: one request, one answer
constexpr std::size_t kConnections = 64;
constexpr std::size_t kHeaderBytes = 8 << 10;
constexpr std::size_t kDrainBytes = 64 << 10;
constexpr std::chrono::milliseconds kAcceptPause{50};  // where no descriptor is left

using Response = http::response<http::string_body>;

Response Text(http::status status, std::string body, std::string_view type = "text/plain; charset=utf-8") {
  Response response{status, 11};
  response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(false);
  response.body() = std::move(body);
  return response;
}

Response Probe(const std::function<Result<void>()>& ask) {
  const Result<void> result = ask();
  return result ? Text(http::status::ok, "ok\n")
                : Text(http::status::service_unavailable, Describe(result.error()) + "\n");
}

Response AnswerGet(std::string_view path, const Answers& answers) {
  if (path == "/healthz") return Probe(answers.healthy);
  if (path == "/readyz") return Probe(answers.ready);
  if (path == "/metrics") return Text(http::status::ok, answers.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  return Text(http::status::not_found, "not found; there are /metrics, /healthz and /readyz\n");
}

Response Answer(const http::request<http::string_body>& request, const Answers& answers) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response = Text(http::status::method_not_allowed, "only GET and HEAD are answered here\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  const std::string_view target(request.target().data(), request.target().size());
  try {
    return AnswerGet(target.substr(0, target.find('?')), answers);
  } catch (const std::exception& failure) {
    return Text(http::status::internal_server_error, std::string("failed: ") + failure.what() + "\n");
  }
}

// One request, one answer, then closed: a scraper or a probe loses nothing by it, and nobody can hold a connection.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Answers& answers) : stream_(std::move(socket)), answers_(answers) {
    parser_.header_limit(kHeaderBytes);
    parser_.body_limit(0);
  }

  void Start() {
    stream_.expires_after(kConnectionTime);  // never extended
    http::async_read_header(stream_, buffer_, parser_,
                            beast::bind_front_handler(&Connection::OnHeader, shared_from_this()));
  }

  void Close() {
    error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void OnHeader(error_code error, std::size_t /*bytes*/) {
    if (!error || error == http::error::body_limit) {
      Write(Answer(parser_.get(), answers_), parser_.get().method() == http::verb::head);
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      Write(Text(http::status::request_header_fields_too_large, "the header is longer than 8 KiB\n"), false);
    } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      Write(Text(http::status::bad_request, "this is no HTTP/1.1 request: " + error.message() + "\n"), false);
    }
  }

  void Write(Response response, bool header_only) {
    response_ = std::move(response);
    response_.prepare_payload();
    auto done = beast::bind_front_handler(&Connection::OnWritten, shared_from_this());
    if (header_only) {
      http::async_write_header(stream_, serializer_, std::move(done));
    } else {
      http::async_write(stream_, serializer_, std::move(done));
    }
  }

  void OnWritten(error_code error, std::size_t /*bytes*/) {
    if (error) return;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    if (!error) Drain();
  }

  // What the peer still sends is read for a while: closing over unread bytes would reset the connection, and the peer
  // might lose the answer.
  void Drain() {
    stream_.async_read_some(asio::buffer(drained_), [self = shared_from_this()](error_code error, std::size_t bytes) {
      self->drained_bytes_ += bytes;
      if (!error && self->drained_bytes_ < kDrainBytes) self->Drain();
    });
  }

  beast::tcp_stream stream_;
  const Answers& answers_;
  beast::flat_buffer buffer_{kHeaderBytes + 1024};
  http::request_parser<http::string_body> parser_;
  Response response_;
  http::response_serializer<http::string_body> serializer_{response_};
  std::array<char, 1024> drained_{};
  std::size_t drained_bytes_ = 0;
};

class BeastEndpoint : public Endpoint {
 public:
  explicit BeastEndpoint(Answers answers) : answers_(std::move(answers)) {}

  ~BeastEndpoint() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> Open(const tcp::endpoint& address, const std::string& listen) {
    if (const auto opened = process::Open(acceptor_, address, listen); !opened) return opened;
    error_code ignored;
    port_ = acceptor_.local_endpoint(ignored).port();
    return {};
  }

  void Start() {
    Accept();
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "endpoint");
      context_.run();
    });
  }

  std::uint16_t port() const override { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return Pause();
      Serve(std::move(socket));
      Accept();
    });
  }

  // No descriptor left, say: trying again at once would spin.
  void Pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  // When all places are taken the oldest one's is: who is honest was served within milliseconds.
  void Serve(tcp::socket socket) {
    std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
    if (connections_.size() >= kConnections) {
      if (const auto oldest = connections_.front().lock()) oldest->Close();
      connections_.pop_front();
    }
    const auto connection = std::make_shared<Connection>(std::move(socket), answers_);
    connections_.push_back(connection);
    connection->Start();
  }

  const Answers answers_;
  std::list<std::weak_ptr<Connection>> connections_;  // the oldest first
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::Listen(const std::string& listen, Answers answers) {
  const auto address = ParseListen(listen);
  if (!address) return std::unexpected(address.error());
  auto endpoint = std::make_unique<BeastEndpoint>(std::move(answers));
  if (const auto opened = endpoint->Open(*address, listen); !opened) return std::unexpected(opened.error());
  endpoint->Start();
  return endpoint;
}

}  // namespace podmirror::process
