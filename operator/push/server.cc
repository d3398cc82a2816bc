#include "operator/push/server.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "operator/push/session.h"
#include "operator/push/tls.h"
#include "process/listen.h"

namespace podmirror::push {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kAcceptPause{50};  // where no descriptor is left
// Of the kernel, for one connection: takes a usual state at once, and is all that a peer that does not read can hold.
constexpr int kSendBuffer = 128 << 10;

// One descriptor for each agent: the usual 1024 are soon gone.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Lets through `rate` a second on average, and as many at once.
class Bucket {
 public:
  explicit Bucket(int rate) : rate_(std::max(rate, 1)), level_(rate_) {}

  // How long to wait for one; zero: it is taken.
  Clock::duration Take(Clock::time_point now) {
    const std::chrono::duration<double> passed = now - last_;
    level_ = std::min(rate_, level_ + passed.count() * rate_);
    last_ = now;
    if (level_ < 1)
      return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>((1 - level_) / rate_));
    level_ -= 1;
    return Clock::duration::zero();
  }

 private:
  const double rate_;
  double level_;
  Clock::time_point last_ = Clock::now();
};

class BeastServer final : public Server {
 public:
  BeastServer(const Settings& settings, Authenticate authenticate, Listener listener, TlsContext context)
      : shared_(settings, std::move(authenticate), std::move(listener)),
        context_(std::move(context)),
        bucket_(settings.handshakes_per_second) {}

  ~BeastServer() override {
    shared_.gate->Shut();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  Result<void> Open(const tcp::endpoint& address) {
    if (const auto opened = process::Open(acceptor_, address, shared_.settings.listen); !opened) return opened;
    error_code ignored;
    port_ = acceptor_.local_endpoint(ignored).port();
    return {};
  }

  void Start() {
    asio::post(strand_, [this] { Accept(); });
    for (int i = 0; i < std::max(shared_.settings.threads, 1); ++i) {
      threads_.emplace_back([this] {
        pthread_setname_np(pthread_self(), "push");
        io_.run();
      });
    }
  }

  std::uint16_t port() const override { return port_; }
  void Lead(bool leading) override { shared_.registry.Lead(leading); }
  void Publish(const NodeName& node, std::shared_ptr<const std::string> message) override {
    shared_.registry.Publish(node, std::move(message));
  }
  void Disconnect(const std::string& pod_uid) override { shared_.registry.Disconnect(pod_uid); }

  void UseIdentity(Identity identity) override {
    auto context = MakeContext(identity);
    if (!context) return shared_.registry.Misbehaved(nullptr, context.error());  // the old one stays
    asio::post(strand_, [this, context = std::move(*context)]() mutable { context_ = std::move(context); });
  }

  Counts counts() const override {
    return {.connected = shared_.registry.connected(),
            .states_sent = shared_.states_sent,
            .reports = shared_.reports,
            .refused = shared_.refused,
            .dropped = shared_.dropped,
            .bytes_sent = shared_.bytes_sent};
  }

 private:
  // All on strand_ from here on.
  void Accept() {
    const auto wait = bucket_.Take(Clock::now());
    if (wait > Clock::duration::zero()) return Pause(wait);
    acceptor_.async_accept(asio::make_strand(io_), [this](error_code error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return Pause(kAcceptPause);  // trying again at once would spin
      Admit(std::move(socket));
      Accept();
    });
  }

  // Who comes meanwhile waits in the kernel's queue.
  void Pause(Clock::duration time) {
    pause_.expires_after(time);
    pause_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  void Admit(Socket socket) {
    if (shared_.connections >= shared_.settings.connections) return Reject();
    error_code error;
    socket.native_non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (!error) socket.set_option(asio::socket_base::send_buffer_size(kSendBuffer), error);
    if (error) return;  // gone already
    try {
      Serve(shared_, std::move(socket), context_);
    } catch (const std::bad_alloc&) {
      ++shared_.refused;
    }
  }

  void Reject() {
    ++shared_.refused;
    const auto now = Clock::now();
    if (now - said_full_ < std::chrono::seconds(1)) return;
    said_full_ = now;
    shared_.registry.Misbehaved(
        nullptr, {std::to_string(shared_.settings.connections) + " connections are open; another one was closed",
                  shared_.settings.listen, ""});
  }

  Shared shared_;
  TlsContext context_;
  Bucket bucket_;
  Clock::time_point said_full_;
  asio::io_context io_;
  Executor strand_ = asio::make_strand(io_);
  tcp::acceptor acceptor_{strand_};
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> pause_{strand_};
  std::uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

// "127.0.0.1:9443", "[::]:9443", ":9443" (as the one before).
}  // namespace

Result<std::unique_ptr<Server>> Server::Listen(const Settings& settings, const Identity& identity,
                                               Authenticate authenticate, Listener listener) {
  const auto address = process::ParseListen(settings.listen);
  if (!address) {
    return Fail("no address to listen on", settings.listen, "write \":9443\" for every address, or one of this host");
  }
  auto context = MakeContext(identity);
  if (!context) return std::unexpected(context.error());
  RaiseDescriptorLimit();
  auto server =
      std::make_unique<BeastServer>(settings, std::move(authenticate), std::move(listener), std::move(*context));
  if (const auto opened = server->Open(*address); !opened) return std::unexpected(opened.error());
  server->Start();
  return server;
}

}  // namespace podmirror::push
