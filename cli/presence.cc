#include "cli/presence.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace podmirror::cli {

// An abstract Unix address: no file, one for each network namespace, free again when its process is gone (unix(7)).
Presence::Presence() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  constexpr std::string_view kName("\0podmirror-local", 16);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(kName, address.sun_path);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + kName.size());
  alone_ = bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0 || errno != EADDRINUSE;
}

Presence::~Presence() {
  if (socket_ >= 0) close(socket_);
}

}  // namespace podmirror::cli
