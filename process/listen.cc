#include "process/listen.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <boost/asio/ip/v6_only.hpp>

namespace podmirror::process {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

error_code TryOpen(tcp::acceptor& acceptor, const tcp::endpoint& address) {
  error_code error;
  acceptor.open(address.protocol(), error);
  if (!error && address.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  error_code ignored;
  if (error) acceptor.close(ignored);
  return error;
}

}  // namespace

Result<tcp::endpoint> ParseListen(const std::string& listen) {
  const auto wrong = [&] {
    return Fail("no address to listen on", listen,
                "write \"127.0.0.1:9090\", \"[::1]:9090\", or \":9090\" for every address");
  };
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong();
  const std::string digits = listen.substr(colon + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.empty() || digits.size() > 5 || !std::ranges::all_of(digits, is_digit)) return wrong();
  const int port = std::stoi(digits);
  if (port > 65535) return wrong();
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return wrong();
  }
  error_code error;
  const auto address = asio::ip::make_address(host.empty() ? "::" : host, error);
  if (error) return Fail("no IP address", listen, "write an address of this host, or \":9090\" for every address");
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

Result<void> Open(tcp::acceptor& acceptor, const tcp::endpoint& address, const std::string& listen) {
  error_code error = TryOpen(acceptor, address);
  // Without IPv6 in the kernel the IPv4 half is all there is.
  if (address.address() == asio::ip::address_v6::any() &&
      (error == asio::error::address_family_not_supported || error.value() == EADDRNOTAVAIL)) {
    error = TryOpen(acceptor, {tcp::v4(), address.port()});
  }
  if (error) return Fail("cannot listen: " + error.message(), listen, "choose another address or port");
  return {};
}

}  // namespace podmirror::process
