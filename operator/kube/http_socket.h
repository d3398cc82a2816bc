// The socket under an HTTP connection.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "operator/kube/http_url.h"

namespace podmirror::kube {

// For a socket that is not open yet, or one that waited in a pool. False: the server has closed it meanwhile, and
// nothing may be sent on it.
bool PrepareSocket(boost::asio::ip::tcp::socket& socket, const ServerUrl& url);

}  // namespace podmirror::kube
