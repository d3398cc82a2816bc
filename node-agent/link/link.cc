#include "node-agent/link/link.h"

#include <algorithm>
#include <utility>  // asio uses std::exchange without it

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <random>
#include <thread>

#include "contract/codec.h"
#include "node-agent/link/credentials.h"

namespace podmirror::link {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr const char* kPath = "/v1/stream";
constexpr std::size_t kShownOfAnAnswer = 200;

struct Events {
  std::function<void()> opened;
  std::function<void(std::string_view)> text;
  std::function<void(const Error&)> closed;  // once, and nothing after it
};

// What one dial uses.
struct Dialled {
  Settings settings;
  Address address;
  std::string token;
};

// Only what the operator's own authority has signed is believed, not what the system trusts.
Result<asio::ssl::context> MakeContext(const std::string& ca_file) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer);
  error_code error;
  context.load_verify_file(ca_file, error);
  if (error.failed()) {
    return Fail("no certificate authority can be read: " + error.message(), ca_file,
                "the operator fills the bundle; until then there is nobody to trust");
  }
  return context;
}

std::string Printable(std::string text) {
  text.resize(std::min(text.size(), kShownOfAnAnswer));
  for (char& c : text) c = c >= 0x20 && c < 0x7f ? c : ' ';
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// One connection, from the dial to its end. Everything happens on the link's thread.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(asio::io_context& io, asio::ssl::context context, Dialled dialled, Events events)
      : context_(std::move(context)),
        dialled_(std::move(dialled)),
        events_(std::move(events)),
        resolver_(io),
        deadline_(io),
        socket_(io, context_) {}

  void Start() {
    deadline_.expires_after(dialled_.settings.dial_timeout);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error.failed()) self->Fail("did not answer in time", "");
    });
    if (const Result<void> named = ExpectName(); !named.has_value()) return Close(named.error());
    error_code not_numeric;
    const auto ip = asio::ip::make_address(dialled_.address.host, not_numeric);
    if (not_numeric.failed()) return Resolve();
    Connect(std::vector{tcp::endpoint(ip, static_cast<std::uint16_t>(std::stoi(dialled_.address.port)))});
  }

  // The newest wins; it waits for the connection and for the one that is being sent.
  void Send(std::shared_ptr<const std::string> text) {
    waiting_ = std::move(text);
    Write();
  }

  // Nothing is told any more.
  void Drop() {
    closed_ = true;
    deadline_.cancel();
    resolver_.cancel();
    error_code ignored;
    beast::get_lowest_layer(socket_).socket().close(ignored);
  }

 private:
  using Socket = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

  SSL* tls() { return socket_.next_layer().native_handle(); }

  // The name is checked while the certificate is; SNI is for names only (RFC 6066 section 3).
  Result<void> ExpectName() {
    const std::string& name = dialled_.settings.server_name;
    error_code not_numeric;
    asio::ip::make_address(name, not_numeric);
    bool set = false;
    if (not_numeric.failed()) {
      SSL_set_hostflags(tls(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      set = !name.empty() && SSL_set1_host(tls(), name.c_str()) == 1 &&
            SSL_set_tlsext_host_name(tls(), name.c_str()) == 1;
    } else {
      set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls()), name.c_str()) == 1;
    }
    if (set) return {};
    return podmirror::Fail("\"" + name + "\" cannot be a certificate's name", "", "write the Service's DNS name");
  }

  void Resolve() {
    resolver_.async_resolve(dialled_.address.host, dialled_.address.port,
                            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
                              if (error.failed()) return self->Fail("cannot be resolved", error.message());
                              self->Connect(std::vector<tcp::endpoint>(found.begin(), found.end()));
                            });
  }

  void Connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    beast::get_lowest_layer(socket_).async_connect(endpoints_,
                                                   [self = shared_from_this()](error_code error, const tcp::endpoint&) {
                                                     if (error.failed())
                                                       return self->Fail("cannot be reached", error.message());
                                                     self->ShakeHands();
                                                   });
  }

  void ShakeHands() {
    if (closed_) return;
    error_code ignored;
    beast::get_lowest_layer(socket_).socket().set_option(tcp::no_delay(true), ignored);
    socket_.next_layer().async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](error_code error) {
      if (error.failed()) return self->FailTls(error);
      self->Upgrade();
    });
  }

  void Upgrade() {
    if (closed_) return;
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = websocket::stream_base::none();  // deadline_ covers it
    timeout.idle_timeout = dialled_.settings.silence;
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.set_option(websocket::stream_base::decorator([token = dialled_.token](websocket::request_type& request) {
      request.set(http::field::authorization, "Bearer " + token);
      request.set(http::field::user_agent, "podmirror-agent");
    }));
    socket_.read_message_max(0);  // the buffer bounds it: a limit here would first wait for the peer to close
    socket_.text(true);
    socket_.async_handshake(response_, dialled_.settings.server_name, kPath,
                            [self = shared_from_this()](error_code error) {
                              if (error == websocket::error::upgrade_declined) return self->FailDeclined();
                              if (error.failed()) return self->Fail("broke off while it opened", error.message());
                              self->Open();
                            });
  }

  void Open() {
    if (closed_) return;
    deadline_.cancel();
    open_ = true;
    events_.opened();
    Read();
    Write();
  }

  void Read() {
    if (closed_) return;
    socket_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error.failed()) return self->FailRead(error);
      if (self->closed_) return;
      if (!self->socket_.got_text()) return self->Fail("sent a message that is no text", "");
      const auto bytes = self->buffer_.cdata();
      self->events_.text({static_cast<const char*>(bytes.data()), bytes.size()});
      self->buffer_.clear();
      self->buffer_.shrink_to_fit();  // the largest state should not stay for ever
      self->Read();
    });
  }

  void Write() {
    if (!open_ || closed_ || sending_ != nullptr || waiting_ == nullptr) return;
    sending_ = std::move(waiting_);
    waiting_ = nullptr;
    socket_.async_write(asio::buffer(*sending_), [self = shared_from_this()](error_code error, std::size_t) {
      if (error.failed()) return self->Fail("broke off", error.message());
      self->sending_ = nullptr;
      self->Write();
    });
  }

  void FailRead(error_code error) {
    if (error == beast::error::timeout) return Fail("fell silent", "");
    if (error == websocket::error::closed) {
      const std::string why = Printable(std::string(socket_.reason().reason.c_str()));
      return Fail("closed the stream", why);
    }
    if (error == websocket::error::buffer_overflow) return Fail("sent a state that is too large", "");
    Fail("broke off", error.message());
  }

  void FailTls(error_code error) {
    const long verified = SSL_get_verify_result(tls());
    if (verified == X509_V_OK) return Fail("broke off while it opened", error.message());
    Close({std::string("shows a certificate that is not to be trusted: ") + X509_verify_cert_error_string(verified),
           dialled_.settings.address,
           "let " + dialled_.settings.ca_file + " hold the operator's authority, and the certificate the name " +
               dialled_.settings.server_name});
  }

  void FailDeclined() {
    const unsigned status = response_.result_int();
    const std::string body = Printable(response_.body());
    const std::string& where = dialled_.settings.address;
    if (status == 401) {
      return Close({"refuses our token" + (body.empty() ? "" : ": " + body), where,
                    "the token needs the operator's audience and a pod that lives on this node"});
    }
    if (status == 503) return Close({"does not lead" + (body.empty() ? "" : ": " + body), where, ""});
    Close({"answered " + std::to_string(status) + (body.empty() ? "" : ": " + body), where,
           "write the address of the operator's stream"});
  }

  void Fail(std::string what, const std::string& why) {
    if (!why.empty()) what += ": " + why;
    Close({std::move(what), dialled_.settings.address, ""});
  }

  void Close(Error error) {
    if (closed_) return;
    Drop();
    // Not from inside Start(): the owner may not have kept us yet.
    asio::post(socket_.get_executor(),
               [self = shared_from_this(), error = std::move(error)] { self->events_.closed(error); });
  }

  asio::ssl::context context_;
  const Dialled dialled_;
  const Events events_;
  tcp::resolver resolver_;
  asio::steady_timer deadline_;
  std::vector<tcp::endpoint> endpoints_;
  Socket socket_;
  websocket::response_type response_;
  beast::flat_buffer buffer_{kMaxStateBytes};
  std::shared_ptr<const std::string> sending_;
  std::shared_ptr<const std::string> waiting_;
  bool open_ = false;
  bool closed_ = false;
};

class BeastLink final : public Link {
 public:
  BeastLink(const Settings& settings, Listener listener)
      : settings_(settings),
        listener_(std::move(listener)),
        pause_(io_),
        longest_(settings.pause),
        random_(std::random_device{}()),
        busy_(asio::make_work_guard(io_)) {
    asio::post(io_, [this] { Dial(); });
    thread_ = std::thread([this] { io_.run(); });
  }

  ~BeastLink() override {
    asio::post(io_, [this] {
      stopped_ = true;
      pause_.cancel();
      if (stream_ != nullptr) stream_->Drop();
      stream_ = nullptr;
      busy_.reset();
    });
    thread_.join();
  }
  BeastLink(const BeastLink&) = delete;
  BeastLink& operator=(const BeastLink&) = delete;

  void Report(ReportMessage report) override {
    asio::post(io_, [this, text = std::make_shared<const std::string>(Encode(report))] {
      report_ = text;
      if (stream_ != nullptr) stream_->Send(text);
    });
  }

 private:
  void Dial() {
    if (stopped_) return;
    Result<Address> address = ParseAddress(settings_.address);
    if (!address.has_value()) return End(address.error());
    Result<std::string> token = ReadToken(settings_.token_file);
    if (!token.has_value()) return End(token.error());
    Result<asio::ssl::context> context = MakeContext(settings_.ca_file);
    if (!context.has_value()) return End(context.error());
    Events events;
    events.opened = [this] { Opened(); };
    events.text = [this](std::string_view text) { Take(text); };
    events.closed = [this](const Error& error) {
      if (!stopped_) End(error);
    };
    stream_ =
        std::make_shared<Stream>(io_, std::move(*context), Dialled{settings_, *address, *token}, std::move(events));
    stream_->Start();
  }

  void Opened() {
    connected_ = true;
    complaint_.reset();
    listener_.connected(true);
    if (report_ != nullptr) stream_->Send(report_);
  }

  // A state that cannot be read costs its stream nothing: dialling again would bring the same one.
  void Take(std::string_view text) {
    Result<StateMessage> message = DecodeStateMessage(text);
    if (!message.has_value()) {
      Error error = message.error();
      error.what = "sent a state that cannot be taken: " + (error.where.empty() ? "" : error.where + " ") + error.what;
      error.where = settings_.address;
      return Complain(error);
    }
    complaint_.reset();
    longest_ = settings_.pause;
    listener_.state(std::move(*message));
  }

  void End(const Error& error) {
    stream_ = nullptr;
    if (std::exchange(connected_, false)) listener_.connected(false);
    Complain(error);
    pause_.expires_after(std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(longest_.count(), 1))(random_)));
    longest_ = std::min(longest_ * 2, std::max(settings_.longest_pause, settings_.pause));
    pause_.async_wait([this](error_code cancelled) {
      if (!cancelled.failed()) Dial();
    });
  }

  void Complain(const Error& error) {
    if (complaint_ == error) return;
    complaint_ = error;
    listener_.failed(error);
  }

  const Settings settings_;
  const Listener listener_;
  asio::io_context io_{1};
  asio::steady_timer pause_;
  std::chrono::milliseconds longest_;
  std::mt19937_64 random_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_;
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<const std::string> report_;
  std::optional<Error> complaint_;
  bool connected_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Link> Link::Start(const Settings& settings, Listener listener) {
  return std::make_unique<BeastLink>(settings, std::move(listener));
}

}  // namespace podmirror::link
