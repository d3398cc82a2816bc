// kube::Transport on cpprestsdk 2.10.18. That library has habits that this file exists to live with; each is named
// where it is met. The two that shape the file: an exception of a task that nobody looks at ends the process, so each
// task ends in a continuation that looks; and nothing here ever blocks one of its threads, which do all its I/O.
#include <cpprest/astreambuf.h>
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "contract/ip.h"
#include "operator/kube/http_exchange.h"
#include "operator/kube/http_lines.h"
#include "operator/kube/http_material.h"
#include "operator/kube/http_socket.h"
#include "operator/kube/http_tls.h"
#include "operator/kube/http_url.h"
#include "operator/kube/transport.h"

#ifndef PODMIRROR_VERSION
#error "PODMIRROR_VERSION: the version in the user agent"
#endif

namespace podmirror::kube {
namespace {

namespace rest = web::http;
using boost::asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Kind = TransportError::Kind;
using TlsStream = boost::asio::ssl::stream<tcp::socket&>;

constexpr std::size_t kThreads = 4;  // the library's own number is 40
constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 31;

std::unexpected<TransportError> Refuse(Kind kind, std::string what) {
  return std::unexpected(TransportError{kind, std::move(what)});
}

// A pooled connection that the server has closed meanwhile: nothing was sent on it.
struct StaleConnection {};

// The library tells faults apart by its text; its codes are numbers of different families.
TransportError Classify(std::string_view text, int code, const std::string& server, const TlsMaterial* tls) {
  const auto says = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (ERR_GET_LIB(static_cast<unsigned long>(code)) == ERR_LIB_SSL) {
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(code));
    const char* name = ERR_reason_error_string(static_cast<unsigned long>(code));
    std::string what = name != nullptr ? name : "handshake failure";
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && tls != nullptr) {
      return {Kind::kTls, "the certificate of " + server + " is not trusted: " + tls->LastFault()};
    }
    return {Kind::kTls, "TLS with " + server + " failed: " + what};
  }
  if (says("resolv")) return {Kind::kUnreachable, "the name of " + server + " cannot be resolved"};
  if (says("connect to any")) return {Kind::kUnreachable, "no connection to " + server};
  if (says("SSL handshake")) return {Kind::kUnreachable, server + " ended the connection in the TLS handshake"};
  if (says("Invalid")) return {Kind::kMalformed, server + " does not speak HTTP: " + std::string(text)};
  return {Kind::kUnreachable, "the connection to " + server + " was lost"};
}

// What every continuation of one request knows.
struct Call {
  std::shared_ptr<Exchange> exchange;
  std::string server;
  std::shared_ptr<TlsMaterial> tls;

  void Fault(const std::exception_ptr& fault) const {
    try {
      std::rethrow_exception(fault);
    } catch (const StaleConnection&) {
      exchange->OnEnd(TransportError{Kind::kUnreachable, server + " has closed the connection"}, /*stale=*/true);
    } catch (const rest::http_exception& e) {
      // Where the library gives up to say a thing again, it leaves a connection in its pool that was never made, and
      // takes it for one that was. TLS notices before anything is sent.
      const bool never_made =
          ERR_GET_REASON(static_cast<unsigned long>(e.error_code().value())) == SSL_R_UNINITIALIZED &&
          ERR_GET_LIB(static_cast<unsigned long>(e.error_code().value())) == ERR_LIB_SSL;
      exchange->OnEnd(Classify(e.what(), e.error_code().value(), server, tls.get()), never_made);
    } catch (const std::exception& e) {
      exchange->OnEnd(TransportError{Kind::kMalformed, server + ": " + e.what()});
    } catch (...) {
      exchange->OnEnd(TransportError{Kind::kMalformed, server + ": a fault without a name"});
    }
  }
};

// The library does not close a stream that it was given: the body has ended when content_ready() says so.
void Follow(const Call& call, const pplx::task<rest::http_response>& answered) {
  try {
    const rest::http_response response = answered.get();
    const auto body = response.content_ready();
    Response head{response.status_code(), {}, {}};
    for (const auto& [name, value] : response.headers()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
      head.headers[lower] = value;
    }
    call.exchange->OnHead(std::move(head));
    body.then([call](const pplx::task<rest::http_response>& ended) {
      try {
        ended.get();
        call.exchange->OnEnd(std::nullopt);
      } catch (...) {
        call.Fault(std::current_exception());
      }
    });
  } catch (...) {
    call.Fault(std::current_exception());
  }
}

// Where the library writes the body to. Its own buffers grow without bound under a slow reader; this one lets it wait.
class Sink final : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit Sink(std::shared_ptr<Exchange> exchange)
      : streambuf_state_manager<std::uint8_t>(std::ios_base::out), exchange_(std::move(exchange)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return kNowhere; }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return kNowhere; }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override { return kNowhere; }
  bool acquire(std::uint8_t*& pointer, std::size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, std::size_t) override {}

 protected:
  pplx::task<std::size_t> _putn(const std::uint8_t* bytes, std::size_t count) override {
    // What is thrown here would end the process. A chunk size that the library reads as a negative number arrives as a
    // huge one, with no bytes behind it.
    try {
      if (count > kMaxChunkBytes) throw std::runtime_error("a chunk of an impossible size");
      pplx::task_completion_event<std::size_t> done;
      const bool go_on =
          exchange_->OnPiece({reinterpret_cast<const char*>(bytes), count}, [done, count] { done.set(count); });
      return go_on ? pplx::task_from_result(count) : pplx::create_task(done);
    } catch (...) {
      return pplx::task_from_exception<std::size_t>(std::current_exception());
    }
  }
  pplx::task<int_type> _putc(std::uint8_t byte) override {
    return _putn(&byte, 1).then([byte](std::size_t) { return static_cast<int_type>(byte); });
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override { return pplx::task_from_result(std::size_t{0}); }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }

 private:
  static inline const pos_type kNowhere = static_cast<pos_type>(traits::eof());
  const std::shared_ptr<Exchange> exchange_;
};

// A client of the library with its pool of connections, and what they were made with.
struct Session {
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<TlsMaterial> tls;
  std::unique_ptr<rest::client::http_client> client;
};

class RestStream final : public Stream {
 public:
  RestStream(std::shared_ptr<Exchange> exchange, std::chrono::milliseconds idle)
      : exchange_(std::move(exchange)), idle_(idle) {}
  ~RestStream() override {
    exchange_->Cancel();
    exchange_->Join();
  }
  RestStream(const RestStream&) = delete;
  RestStream& operator=(const RestStream&) = delete;

  std::expected<std::optional<std::string>, TransportError> Next() override {
    while (!cancelled_) {
      if (auto line = lines_.Next()) return line;
      if (lines_.too_long()) {
        exchange_->Stop({Kind::kTooLarge, "a line has more than " + std::to_string(kMaxLineBytes) + " bytes"});
        return Refuse(Kind::kTooLarge, "a line has more than " + std::to_string(kMaxLineBytes) + " bytes");
      }
      auto piece = exchange_->Take(idle_);
      if (!piece) return std::unexpected(piece.error());
      if (!*piece) return lines_.Rest();
      lines_.Add(std::move(**piece));
    }
    return Refuse(Kind::kCancelled, "cancelled");
  }
  void Cancel() override {
    cancelled_ = true;
    exchange_->Cancel();
  }

 private:
  const std::shared_ptr<Exchange> exchange_;
  const std::chrono::milliseconds idle_;
  std::atomic<bool> cancelled_ = false;
  LineSplitter lines_{kMaxLineBytes};  // the reader's
};

class RestTransport final : public Transport {
 public:
  explicit RestTransport(const ClusterConfig& config)
      : config_(config), url_(ParseServerUrl(config.server)), source_(config) {}
  ~RestTransport() override { Shutdown(); }
  RestTransport(const RestTransport&) = delete;
  RestTransport& operator=(const RestTransport&) = delete;

  std::expected<Response, TransportError> Roundtrip(const Request& request) override {
    const Time until = Clock::now() + request.timeout;
    auto begun = Begin(request, until);
    if (!begun) return std::unexpected(begun.error());
    return ReadAll(std::move(*begun), until);
  }

  std::expected<StreamStart, TransportError> Open(const Request& request, std::chrono::milliseconds idle) override {
    const Time until = Clock::now() + request.timeout;
    auto begun = Begin(request, until);
    if (!begun) return std::unexpected(begun.error());
    if (begun->head.status == 200) {
      return StreamStart{std::move(begun->head), std::make_unique<RestStream>(begun->exchange, idle)};
    }
    auto answer = ReadAll(std::move(*begun), until);
    if (!answer) return std::unexpected(answer.error());
    return StreamStart{std::move(*answer), nullptr};
  }

  void Shutdown() override {
    registry_->CancelAll();
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
    pausing_.notify_all();
  }

  bool Pause(std::chrono::milliseconds duration) override {
    std::unique_lock lock(mutex_);
    return !pausing_.wait_for(lock, duration, [this] { return shut_down_; });
  }

 private:
  struct Begun {
    std::shared_ptr<Exchange> exchange;
    Response head;
  };

  std::expected<Begun, TransportError> Begin(const Request& request, Time until) {
    auto session = CurrentSession();
    for (bool renewed = false;;) {
      if (!session) return std::unexpected(session.error());
      auto begun = Send(**session, request, until);
      if (begun ? begun->head.status != 401 : begun.error().kind != Kind::kTls) return begun;
      if (renewed || !Renew(**session)) return begun;
      // What we were refused for has been replaced meanwhile. The server did nothing but refuse.
      if (begun) begun->exchange->Cancel();
      renewed = true;
      session = CurrentSession();
    }
  }

  std::expected<Begun, TransportError> Send(const Session& session, const Request& request, Time until) {
    for (;;) {
      const pplx::cancellation_token_source cancel;
      auto exchange = std::make_shared<Exchange>(registry_, config_.server, [cancel] { cancel.cancel(); });
      if (!registry_->Add(exchange)) return Refuse(Kind::kCancelled, "shut down");
      const Call call{exchange, config_.server, session.tls};
      if (auto started = Start(session, request, call, cancel.get_token()); !started) {
        return std::unexpected(started.error());
      }
      auto head = exchange->Head(until);
      if (head) return Begun{std::move(exchange), std::move(*head)};
      // Each time one connection fewer is in the pool, so this ends.
      if (!exchange->stale()) return std::unexpected(head.error());
    }
  }

  std::expected<Response, TransportError> ReadAll(Begun begun, Time until) {
    Response answer = std::move(begun.head);
    for (;;) {
      auto piece = begun.exchange->Take(until);
      if (!piece) return std::unexpected(piece.error());
      if (!*piece) return answer;
      answer.body += **piece;
      if (answer.body.size() <= kMaxResponseBytes) continue;
      TransportError error{Kind::kTooLarge, "an answer has more than " + std::to_string(kMaxResponseBytes) + " bytes"};
      begun.exchange->Stop(error);
      return std::unexpected(std::move(error));
    }
  }

  std::expected<rest::http_request, TransportError> MakeRequest(const Session& session, const Request& request) const {
    if (!request.target.starts_with('/') || request.target.starts_with("//")) {
      return Refuse(Kind::kMalformed, "the target " + request.target + " does not begin with one slash");
    }
    rest::http_request made(request.method);
    made.set_request_uri(web::uri(request.target));
    auto& headers = made.headers();
    headers.add("Accept", request.accept);
    headers.add("User-Agent", "podmirror-operator/" PODMIRROR_VERSION);
    if (!session.credentials->token.empty()) headers.add("Authorization", "Bearer " + session.credentials->token);
    // The library takes the name for SNI from here, too.
    if (!config_.tls_server_name.empty()) {
      headers.add("Host", config_.tls_server_name);
    } else if (url_->is_address) {
      headers.add("Host", url_->Authority());
    }
    if (request.body.empty()) return made;
    // A stream that cannot be rewound: where a pooled connection fails, the library would rewind it and say the thing
    // again.
    concurrency::streams::producer_consumer_buffer<std::uint8_t> body;
    body.putn_nocopy(reinterpret_cast<const std::uint8_t*>(request.body.data()), request.body.size()).get();
    body.close(std::ios_base::out).get();
    made.set_body(body.create_istream(), request.body.size(), request.content_type);
    return made;
  }

  std::expected<void, TransportError> Start(const Session& session, const Request& request, const Call& call,
                                            const pplx::cancellation_token& token) {
    try {
      auto made = MakeRequest(session, request);
      if (!made) return std::unexpected(made.error());
      const auto sink = std::make_shared<Sink>(call.exchange);
      made->set_response_stream(concurrency::streams::streambuf<std::uint8_t>(sink).create_ostream());
      session.client->request(*made, token).then([call](const pplx::task<rest::http_response>& answered) {
        Follow(call, answered);
      });
    } catch (const std::exception& e) {
      return Refuse(Kind::kMalformed, config_.server + ": " + e.what());
    }
    return {};
  }

  std::expected<std::shared_ptr<Session>, TransportError> CurrentSession() {
    if (!url_) return Refuse(Kind::kUnreachable, Describe(url_.error()));
    auto credentials = source_.Current();
    if (!credentials) return Refuse(Kind::kUnreachable, Describe(credentials.error()));
    const std::lock_guard lock(mutex_);
    if (session_ && session_->credentials == *credentials) return session_;
    return MakeSession(*credentials);
  }

  // What to connect with has changed since `used` was made.
  bool Renew(const Session& used) {
    const auto credentials = source_.Reread();
    return credentials && *credentials != used.credentials;
  }

  std::expected<std::shared_ptr<Session>, TransportError> MakeSession(std::shared_ptr<const Credentials> credentials) {
    auto session = std::make_shared<Session>();
    session->credentials = std::move(credentials);
    const std::string& name = config_.tls_server_name.empty() ? url_->host : config_.tls_server_name;
    if (url_->tls) {
      auto tls = TlsMaterial::Parse(*session->credentials, name, !config_.insecure_skip_tls_verify);
      if (!tls) return Refuse(Kind::kTls, Describe(tls.error()));
      session->tls = std::move(*tls);
    }
    try {
      session->client = std::make_unique<rest::client::http_client>(BaseUri(), Settings(session->tls, name));
    } catch (const std::exception& e) {
      return Refuse(Kind::kUnreachable, config_.server + ": " + e.what());
    }
    return session_ = session;
  }

  // The library hands the host to getaddrinfo() as it stands in the URI, where brackets are no address. Without them
  // its URI still splits at the last colon, so the port must be there.
  web::uri BaseUri() const {
    return web::uri((url_->tls ? "https://" : "http://") + url_->host + ":" + std::to_string(url_->port) +
                    url_->base_path);
  }

  rest::client::http_client_config Settings(const std::shared_ptr<TlsMaterial>& tls, const std::string& name) const {
    rest::client::http_client_config settings;
    // It counts on while we let the server wait, and then ends a connection that is well: callers have their own.
    settings.set_timeout(std::chrono::hours(24 * 365));
    settings.set_max_redirects(0);  // a token goes where we send it and nowhere else
    settings.set_validate_certificates(!config_.insecure_skip_tls_verify);
    settings.set_tlsext_sni_enabled(!IpAddress::Parse(name));  // RFC 6066: never an address
    settings.set_ssl_context_callback([tls](boost::asio::ssl::context& context) {
      // The library has trusted the system's authorities by now; this replaces them.
      if (!tls->Prepare(context.native_handle())) throw std::runtime_error("no TLS context could be made");
    });
    settings.set_nativehandle_options([url = *url_](rest::client::native_handle handle) {
      auto& socket = url.tls ? static_cast<TlsStream*>(handle)->next_layer() : *static_cast<tcp::socket*>(handle);
      // The library would notice too late that a pooled connection is closed, and would then say the request again,
      // though the server may have acted on it.
      if (!PrepareSocket(socket, url)) throw StaleConnection{};
    });
    return settings;
  }

  const ClusterConfig config_;
  const Result<ServerUrl> url_;
  CredentialSource source_;
  const std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
  std::mutex mutex_;
  std::condition_variable pausing_;
  bool shut_down_ = false;
  std::shared_ptr<Session> session_;
};

// Only the first caller in a process can say how many threads the library has; it throws at the second.
void BoundThreads() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(kThreads);
    } catch (const std::exception&) {
      return;  // somebody was earlier: then it is as they said
    }
  });
}

}  // namespace

std::unique_ptr<Transport> MakeTransport(const ClusterConfig& config) {
  BoundThreads();
  return std::make_unique<RestTransport>(config);
}

}  // namespace podmirror::kube
