#include "tests/net/link/operator.h"

#include <utility>  // asio uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <functional>
#include <vector>

namespace podmirror::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

asio::ssl::context MakeContext(const Manner& manner) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate_chain(asio::buffer(manner.identity.certificate));
  context.use_private_key(asio::buffer(manner.identity.key), asio::ssl::context::pem);
  if (manner.old_tls) SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_1_VERSION);
  return context;
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Manner manner, TestOperator& owner, std::function<void(Connection&)> opened)
      : opened_(std::move(opened)),
        manner_(std::move(manner)),
        context_(MakeContext(manner_)),
        socket_(std::move(socket), context_),
        owner_(owner) {}

  void Start() {
    if (manner_.silent) return;
    socket_.next_layer().async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
      if (error.failed()) return;
      http::async_read(self->socket_.next_layer(), self->buffer_, self->request_,
                       [self](error_code failed, std::size_t) {
                         if (!failed.failed()) self->Answer();
                       });
    });
  }

  void Send(std::string text, bool as_text) {
    if (!open_) return;
    out_.emplace_back(std::move(text), as_text);
    if (out_.size() == 1) Write();
  }
  void Ping() {
    socket_.async_ping({}, [self = shared_from_this()](error_code) {});
  }
  void Close(const std::string& reason) {
    socket_.async_close(websocket::close_reason(websocket::close_code::going_away, reason),
                        [self = shared_from_this()](error_code) { self->Cut(); });
  }
  void Cut() {
    error_code ignored;
    beast::get_lowest_layer(socket_).socket().close(ignored);
  }
  bool open() const { return open_; }

 private:
  void Answer() {
    owner_.upgrades.SendNow({std::string(request_.target()), std::string(request_[http::field::authorization]),
                             std::string(request_[http::field::host])});
    if (manner_.status == 101) {
      socket_.async_accept(request_, [self = shared_from_this()](error_code error) {
        if (error.failed()) return;
        self->open_ = true;
        ++self->owner_.connections;
        self->socket_.control_callback([self_ = self.get()](websocket::frame_type type, beast::string_view) {
          if (type == websocket::frame_type::pong) ++self_->owner_.pongs;
        });
        self->Read();
        self->opened_(*self);
      });
      return;
    }
    response_.result(manner_.status);
    response_.body() = manner_.body;
    response_.prepare_payload();
    http::async_write(socket_.next_layer(), response_, [self = shared_from_this()](error_code, std::size_t) {});
  }

  void Read() {
    socket_.async_read(in_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error.failed()) {
        self->open_ = false;
        return self->Cut();
      }
      self->owner_.messages.SendNow(beast::buffers_to_string(self->in_.data()));
      self->in_.clear();
      self->Read();
    });
  }

  void Write() {
    socket_.text(out_.front().second);
    socket_.async_write(asio::buffer(out_.front().first), [self = shared_from_this()](error_code error, std::size_t) {
      self->out_.pop_front();
      if (!error.failed() && !self->out_.empty()) self->Write();
    });
  }

  const std::function<void(Connection&)> opened_;
  const Manner manner_;
  asio::ssl::context context_;
  websocket::stream<beast::ssl_stream<beast::tcp_stream>> socket_;
  TestOperator& owner_;
  beast::flat_buffer buffer_;
  beast::flat_buffer in_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  std::deque<std::pair<std::string, bool>> out_;
  bool open_ = false;
};

}  // namespace

struct TestOperator::Impl {
  Impl(TestOperator& its_owner, Manner its_manner, const std::string& address)
      : owner(its_owner),
        acceptor(io, tcp::endpoint(asio::ip::make_address(address), 0)),
        manner(std::move(its_manner)) {
    Accept();
    thread = std::thread([this] { io.run(); });
  }
  ~Impl() {
    io.stop();
    released = true;
    released.notify_all();
    thread.join();
  }

  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error.failed()) return;
      connections.push_back(
          std::make_shared<Connection>(std::move(socket), manner, owner, [this](Connection& connection) {
            for (const auto& act : std::exchange(waiting, {})) act(connection);
          }));
      connections.back()->Start();
      Accept();
    });
  }

  // An agent may know that the stream is open before this end does: then it waits.
  void OnOpen(std::function<void(Connection&)> act) {
    asio::post(io, [this, act = std::move(act)] {
      for (auto at = connections.rbegin(); at != connections.rend(); ++at) {
        if ((*at)->open()) return act(**at);
      }
      waiting.push_back(act);
    });
  }

  TestOperator& owner;
  asio::io_context io{1};
  tcp::acceptor acceptor;
  Manner manner;
  std::vector<std::shared_ptr<Connection>> connections;
  std::vector<std::function<void(Connection&)>> waiting;
  std::atomic<bool> released{false};  // from Hang()
  std::thread thread;
};

TestOperator::TestOperator(Manner manner, const std::string& address)
    : impl_(std::make_unique<Impl>(*this, std::move(manner), address)) {}
TestOperator::~TestOperator() = default;

std::uint16_t TestOperator::port() const { return impl_->acceptor.local_endpoint().port(); }
void TestOperator::Use(Manner manner) {
  asio::post(impl_->io, [this, manner = std::move(manner)] { impl_->manner = manner; });
}
void TestOperator::Send(const std::string& text, bool as_text) {
  impl_->OnOpen([=](Connection& connection) { connection.Send(text, as_text); });
}
void TestOperator::Ping() {
  impl_->OnOpen([](Connection& connection) { connection.Ping(); });
}
void TestOperator::Close(const std::string& reason) {
  impl_->OnOpen([=](Connection& connection) { connection.Close(reason); });
}
// Its thread waits for its end.
void TestOperator::Hang() {
  asio::post(impl_->io, [this] { impl_->released.wait(false); });
}
void TestOperator::Cut() {
  impl_->OnOpen([](Connection& connection) { connection.Cut(); });
}

}  // namespace podmirror::testing
