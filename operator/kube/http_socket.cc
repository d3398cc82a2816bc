#include "operator/kube/http_socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace podmirror::kube {
namespace {

// TCP finds out by itself that the peer has vanished, also where nobody waits for it.
void WatchPeer(int socket) {
  const auto set = [socket](int level, int option, int value) {
    setsockopt(socket, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 20'000);  // ms
}

}  // namespace

bool PrepareSocket(boost::asio::ip::tcp::socket& socket, const ServerUrl& url) {
  using boost::asio::ip::tcp;
  if (socket.is_open()) {
    // An HTTP/1.1 server has nothing to say before it is asked: any byte that waits is the end of the connection as
    // well (an alert of TLS).
    char byte = 0;
    if (recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return false;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  } else if (url.is_address) {
    boost::system::error_code ignored;  // connecting will say it
    socket.open(url.host.find(':') == std::string::npos ? tcp::v4() : tcp::v6(), ignored);
  } else {
    return true;  // the family is known once the name is resolved; the options are set when it is used again
  }
  WatchPeer(socket.native_handle());
  return true;
}

}  // namespace podmirror::kube
