#include "tests/kube/conformance/fault_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <chrono>
#include <utility>

namespace podmirror::kube::conformance {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

tcp::socket& Lowest(tcp::socket& socket) { return socket; }
tcp::socket& Lowest(asio::ssl::stream<tcp::socket>& stream) { return stream.next_layer(); }

std::string NameOf(tcp::socket&) { return ""; }
std::string NameOf(asio::ssl::stream<tcp::socket>& stream) {
  const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

template <typename Wire>
class WirePeer final : public Peer {
 public:
  WirePeer(Wire& wire, int number) : wire_(wire), number_(number) {}

  int number() const override { return number_; }

  std::optional<Asked> Read() override {
    http::request<http::string_body> request;
    error_code fault;
    http::read(wire_, buffer_, request, fault);
    if (fault) return std::nullopt;
    Asked asked{std::string(request.method_string()), std::string(request.target()), {}, request.body()};
    for (const auto& field : request) {
      std::string name(field.name_string());
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      asked.headers[name] = std::string(field.value());
    }
    return asked;
  }

  bool Write(std::string_view bytes) override {
    error_code fault;
    asio::write(wire_, asio::buffer(bytes.data(), bytes.size()), fault);
    return !fault;
  }

  void WaitUntilClosed() override {
    char bytes[4096];
    error_code fault;
    while (!fault) wire_.read_some(asio::buffer(bytes), fault);
  }

  void Close() override {
    error_code ignored;
    if constexpr (!std::is_same_v<Wire, tcp::socket>) {
      Lowest(wire_).shutdown(tcp::socket::shutdown_receive, ignored);  // or it would wait for the client's goodbye
      wire_.shutdown(ignored);
    }
    Lowest(wire_).shutdown(tcp::socket::shutdown_both, ignored);
  }

  void Reset() override {
    error_code ignored;
    Lowest(wire_).set_option(asio::socket_base::linger(true, 0), ignored);
  }

  std::string server_name() const override { return NameOf(wire_); }

 private:
  Wire& wire_;
  const int number_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace

std::string Answer(int status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: application/json\r\n" +
         std::string(more_headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string ChunkedHead(int status) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Whatever\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string Chunk(std::string_view bytes) {
  char size[32];
  snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

struct FaultServer::Parts {
  asio::io_context context;
  tcp::acceptor acceptor{context};
  std::optional<asio::ssl::context> tls;
};

FaultServer::FaultServer(const std::string& address, std::optional<Tls> tls, Script script)
    : script_(std::move(script)), parts_(std::make_unique<Parts>()) {
  if (tls) {
    auto& context = parts_->tls.emplace(asio::ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(tls->pair.certificate));
    context.use_private_key(asio::buffer(tls->pair.key), asio::ssl::context::pem);
    if (!tls->client_authority.empty()) {
      context.add_certificate_authority(asio::buffer(tls->client_authority));
      context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
  }
  const tcp::endpoint endpoint(asio::ip::make_address(address), 0);
  parts_->acceptor.open(endpoint.protocol());
  parts_->acceptor.bind(endpoint);
  parts_->acceptor.listen(1024);
  acceptor_ = std::thread([this] { Accept(); });
}

FaultServer::~FaultServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(parts_->acceptor.native_handle(), SHUT_RDWR);
    for (const auto& [number, socket] : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::uint16_t FaultServer::port() const { return parts_->acceptor.local_endpoint().port(); }

std::string FaultServer::url() const {
  const auto endpoint = parts_->acceptor.local_endpoint();
  const auto address = endpoint.address().to_string();
  return std::string(parts_->tls ? "https://" : "http://") +
         (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

bool FaultServer::AwaitClosed(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return closed_ >= count; });
}

void FaultServer::Accept() {
  for (;;) {
    const int socket = accept4(parts_->acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (socket < 0 || stopping_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    const int number = connections_++;
    sockets_[number] = socket;
    threads_.emplace_back([this, number, socket] { Serve(number, socket); });
  }
}

void FaultServer::Serve(int number, int socket) {
  asio::io_context context;
  tcp::socket plain(context, parts_->acceptor.local_endpoint().protocol(), socket);
  error_code fault;
  plain.set_option(tcp::no_delay(true), fault);
  const auto finish = [&](tcp::socket& wire) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(number);
    wire.close(fault);
    ++closed_;
    changed_.notify_all();
  };
  if (!parts_->tls) {
    WirePeer<tcp::socket> peer(plain, number);
    script_(peer);
    return finish(plain);
  }
  asio::ssl::stream<tcp::socket> wire(std::move(plain), *parts_->tls);
  wire.handshake(asio::ssl::stream_base::server, fault);
  if (!fault) {
    WirePeer<asio::ssl::stream<tcp::socket>> peer(wire, number);
    script_(peer);
  }
  finish(wire.next_layer());
}

}  // namespace podmirror::kube::conformance
