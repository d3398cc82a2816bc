// Where a server listens: "host:port" as people write it, and the socket for it.
#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "contract/result.h"

namespace podmirror::process {

// "127.0.0.1:9090", "[::1]:9090", "[::]:9090" or ":9090" (every address of both families). Port 0: any.
Result<boost::asio::ip::tcp::endpoint> ParseListen(const std::string& listen);

// Opens, binds and listens. [::] takes IPv4 too, and is 0.0.0.0 where the kernel has no IPv6.
Result<void> Open(boost::asio::ip::tcp::acceptor& acceptor, const boost::asio::ip::tcp::endpoint& address,
                  const std::string& listen);

}  // namespace podmirror::process
