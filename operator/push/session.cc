#include "operator/push/session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "contract/codec.h"
#include "operator/push/handshake.h"

namespace podmirror::push {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kGoodbye{1'000};  // for a refusal or a closing handshake to get through
constexpr std::size_t kDrainBytes = 64 << 10;
constexpr std::chrono::hours kLongest{24 * 365};
constexpr int kControlFrames = 100;        // of a peer, in one interval of pings
constexpr std::size_t kReasonBytes = 123;  // RFC 6455 section 5.5.1

class Session final : public Stream, public std::enable_shared_from_this<Session> {
  template <typename Method>
  auto Bind(Method method) {
    return beast::bind_front_handler(method, shared_from_this());
  }

 public:
  Session(Shared& shared, Socket socket, const TlsContext& context)
      : shared_(shared), executor_(socket.get_executor()), ws_(std::move(socket), context) {
    ++shared_.connections;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override {
    if (phase_ != Phase::kEnded) --shared_.connections;
  }

  void Start() {
    Arm(Clock::now() + shared_.settings.handshake);
    ws_.next_layer().async_handshake(Bind(&Session::OnTls));
  }

  void Wake() override {
    if (woken_.exchange(true)) return;
    asio::post(executor_, [self = shared_from_this()] {
      self->woken_ = false;
      self->SendNext();
    });
  }

  void Close(std::string why) override {
    asio::post(executor_, [self = shared_from_this(), why = std::move(why)] {
      self->CloseHere(websocket::close_code::policy_error, why);
    });
  }

 private:
  enum class Phase : std::uint8_t {
    kHandshake,  // until the answer 101
    kOpen,
    kLeaving,  // the last words are on their way
    kEnded,
  };

  // --- the handshake -------------------------------------------------------------------------------------------------

  void OnTls(error_code error, std::size_t /*bytes*/) {
    if (phase_ != Phase::kHandshake) return;
    if (error) return EndUnserved();
    asio::async_read_until(ws_.next_layer(), asio::dynamic_buffer(header_, shared_.settings.header_bytes), "\r\n\r\n",
                           Bind(&Session::OnHeader));
  }

  void OnHeader(error_code error, std::size_t bytes) {
    if (phase_ != Phase::kHandshake) return;
    if (error == asio::error::not_found) {
      return Refuse({431, "the header is longer than " + std::to_string(shared_.settings.header_bytes) + " bytes"});
    }
    if (error) return EndUnserved();
    if (header_.size() > bytes) return Refuse({400, "more came before the answer"});
    auto handshake = ParseHandshake(header_);
    if (!handshake) return Refuse(handshake.error());
    if (!shared_.registry.leading()) return Refuse({503, "another replica leads"});
    request_ = std::move(handshake->request);
    Ask(std::move(handshake->token));
    header_ = {};
  }

  void Ask(std::string token) {
    shared_.authenticate(std::move(token), [gate = shared_.gate, weak = weak_from_this()](Result<Agent> agent) {
      gate->Enter([&] {
        const auto self = weak.lock();
        if (!self) return;
        asio::post(self->executor_, [self, agent = std::move(agent)]() mutable { self->OnAgent(std::move(agent)); });
      });
    });
  }

  void OnAgent(Result<Agent> agent) {
    if (phase_ != Phase::kHandshake || answered_) return;
    answered_ = true;
    if (!agent) return Refuse({401, Describe(agent.error())});
    const auto left = agent->expires - std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    if (left <= milliseconds(0)) return Refuse({401, "the token has expired"});
    expires_ = Clock::now() + std::min<milliseconds>(left, kLongest);
    agent_ = std::move(*agent);
    ws_.read_message_max(kMaxReportBytes);
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.control_callback([this](websocket::frame_type kind, beast::string_view) { OnControl(kind); });
    ws_.async_accept(request_, Bind(&Session::OnAccepted));
  }

  void OnAccepted(error_code error) {
    if (phase_ != Phase::kHandshake) return;
    if (error) return EndUnserved();
    request_ = {};
    phase_ = Phase::kOpen;
    heard_ = pinged_ = counted_ = Clock::now();
    auto node = shared_.registry.Join(agent_, shared_from_this());
    if (!node) {
      ++shared_.refused;
      return CloseHere(websocket::close_code::try_again_later, node.error().what);
    }
    node_ = std::move(*node);
    Arm(NextLook());
    Read();
    SendNext();
  }

  void Refuse(const Refusal& refusal) {
    ++shared_.refused;
    phase_ = Phase::kLeaving;
    Arm(Clock::now() + kGoodbye);
    header_ = ResponseTo(refusal);
    asio::async_write(ws_.next_layer(), asio::buffer(header_),
                      [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                        if (error) return self->End();
                        self->ws_.next_layer().ShutDown();
                        self->Drain();
                      });
  }

  // Closing over unread bytes would reset the connection, and the peer might lose the answer.
  void Drain() {
    drained_ = std::make_unique<std::array<char, 1024>>();
    DrainMore(0);
  }

  void DrainMore(std::size_t total) {
    ws_.next_layer().async_read_some(asio::buffer(*drained_),
                                     [self = shared_from_this(), total](error_code error, std::size_t bytes) {
                                       if (error || total + bytes > kDrainBytes) return self->End();
                                       self->DrainMore(total + bytes);
                                     });
  }

  void EndUnserved() {
    ++shared_.refused;
    End();
  }

  // --- up ------------------------------------------------------------------------------------------------------------

  void Read() { ws_.async_read(buffer_, Bind(&Session::OnRead)); }

  void OnRead(error_code error, std::size_t bytes) {
    if (phase_ != Phase::kOpen) return;
    if (error == websocket::error::message_too_big) {
      return Misbehaved({"a report is longer than " + std::to_string(kMaxReportBytes) + " bytes", agent_.node, ""});
    }
    if (error) return End();
    heard_ = Clock::now();
    if (!ws_.got_text()) return Misbehaved({"a message is binary", agent_.node, "send reports as text"});
    auto report = DecodeReportMessage({static_cast<const char*>(buffer_.data().data()), bytes});
    if (!report) return Misbehaved(report.error());
    ++shared_.reports;
    if (!shared_.registry.Report(node_, this, std::move(*report))) return;
    buffer_.consume(bytes);
    buffer_.shrink_to_fit();
    ReadLater();
  }

  // Not before `report_interval` after the last one came: who sends more often finds the pipe full.
  void ReadLater() {
    const auto when = last_report_ + shared_.settings.report_interval;
    last_report_ = std::max(heard_, when);
    if (heard_ >= when) return Read();
    pause_.expires_at(when);
    pause_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && self->phase_ == Phase::kOpen) self->Read();
    });
  }

  // During a read: nothing may be started here.
  void OnControl(websocket::frame_type kind) {
    heard_ = Clock::now();
    if (kind == websocket::frame_type::ping) ++control_frames_;
    if (control_frames_ == kControlFrames) {
      asio::post(executor_, [self = shared_from_this()] {
        self->Misbehaved(
            {"more than " + std::to_string(kControlFrames) + " pings in one interval", self->agent_.node, ""});
      });
    }
  }

  // --- down ----------------------------------------------------------------------------------------------------------

  // One state is on its way, the newest other one waits in the registry.
  void SendNext() {
    if (phase_ != Phase::kOpen || sending_) return;
    sending_ = shared_.registry.Next(*node_, seen_);
    if (!sending_) return;
    sending_since_ = Clock::now();
    ws_.async_write(asio::buffer(*sending_), Bind(&Session::OnSent));
  }

  void OnSent(error_code error, std::size_t bytes) {
    sending_.reset();
    if (phase_ != Phase::kOpen) return;
    if (error) return End();
    ++shared_.states_sent;
    shared_.bytes_sent += bytes;
    SendNext();
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  void Arm(Clock::time_point when) {
    timer_.expires_at(when);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && self->timer_.expiry() <= Clock::now()) self->OnTime();
    });
  }

  Clock::time_point NextLook() const {
    const auto period = std::max(std::min(shared_.settings.ping, shared_.settings.unresponsive / 4), milliseconds(10));
    return std::min(Clock::now() + period, expires_);
  }

  void OnTime() {
    if (phase_ == Phase::kHandshake) return EndUnserved();
    if (phase_ != Phase::kOpen) return End();
    const auto now = Clock::now();
    if (now >= expires_) return CloseHere(websocket::close_code::policy_error, "the token has expired");
    if (sending_ && now - sending_since_ > shared_.settings.unresponsive) {
      return Misbehaved({"does not take its state", agent_.node, ""});
    }
    if (now - heard_ > shared_.settings.unresponsive) return Misbehaved({"does not answer", agent_.node, ""});
    if (now - pinged_ >= shared_.settings.ping && !pinging_) Ping(now);
    if (now - counted_ >= shared_.settings.ping) {
      counted_ = now;
      control_frames_ = 0;
    }
    Arm(NextLook());
  }

  void Ping(Clock::time_point now) {
    pinged_ = now;
    pinging_ = true;
    ws_.async_ping({}, [self = shared_from_this()](error_code /*error*/) { self->pinging_ = false; });
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  void Misbehaved(const Error& error) {
    if (phase_ != Phase::kOpen) return;
    ++shared_.dropped;
    shared_.registry.Misbehaved(node_, error);
    CloseHere(websocket::close_code::policy_error, Describe(error));
  }

  // Nothing of the stream counts from here on. A peer that is in the middle of taking a state gets no reason.
  void CloseHere(websocket::close_code code, const std::string& why) {
    if (phase_ == Phase::kHandshake || sending_) return End();
    if (phase_ != Phase::kOpen) return;
    Leave();
    phase_ = Phase::kLeaving;
    Arm(Clock::now() + kGoodbye);
    pause_.cancel();
    websocket::close_reason reason(code);
    const std::string_view text = std::string_view(why).substr(0, kReasonBytes);
    reason.reason.assign(text.data(), text.size());
    ws_.async_close(reason, [self = shared_from_this()](error_code /*error*/) { self->End(); });
  }

  void End() {
    if (phase_ == Phase::kEnded) return;
    phase_ = Phase::kEnded;
    --shared_.connections;  // whoever hears of the end finds the place free
    Leave();
    timer_.cancel();
    pause_.cancel();
    ws_.next_layer().Close();
  }

  void Leave() {
    if (node_) shared_.registry.Leave(node_, this);
  }

  Shared& shared_;
  const Executor executor_;
  websocket::stream<TlsStream, false> ws_;  // false: nothing is compressed
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_{executor_};
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> pause_{executor_};
  Phase phase_ = Phase::kHandshake;
  bool answered_ = false;
  std::atomic<bool> woken_ = false;
  std::string header_;
  decltype(Handshake::request) request_;
  std::unique_ptr<std::array<char, 1024>> drained_;
  Agent agent_;
  std::shared_ptr<Node> node_;
  Clock::time_point expires_;

  beast::flat_buffer buffer_;
  Clock::time_point heard_, last_report_;
  int control_frames_ = 0;
  Clock::time_point counted_, pinged_;
  bool pinging_ = false;

  std::shared_ptr<const std::string> sending_;
  std::uint64_t seen_ = 0;
  Clock::time_point sending_since_;
};

}  // namespace

void Serve(Shared& shared, Socket socket, const TlsContext& context) {
  std::make_shared<Session>(shared, std::move(socket), context)->Start();
}

}  // namespace podmirror::push
