// rtnetlink sockets: one kind asks, one kind listens.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/ip.h"
#include "contract/result.h"
#include "node-agent/netlink/attributes.h"

namespace podmirror::netlink {

// What the kernel said. `code` is an errno; `text` is the kernel's own explanation where it gave one.
struct Failure {
  int code = 0;
  std::string text;

  std::string ToString() const;
};

template <typename T>
using Answer = std::expected<T, Failure>;

Error ToError(const Failure& failure, std::string what);

// A request under construction.
class Request {
 public:
  // `flags` besides NLM_F_REQUEST: NLM_F_DUMP or 0; NLM_F_ACK for a change.
  Request(std::uint16_t type, std::uint16_t flags);

  // Adds the family's fixed header, zeroed. Once, before the attributes.
  template <typename T>
  T& Body() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(header(), sizeof(T)));
  }
  Request& U8(std::uint16_t type, std::uint8_t value);
  Request& U32(std::uint16_t type, std::uint32_t value);
  Request& Text(std::uint16_t type, const std::string& value);
  Request& Ip(std::uint16_t type, const IpAddress& value);
  // What fill(*this) adds goes inside one attribute.
  template <typename Fill>
  Request& Nest(std::uint16_t type, Fill fill) {
    nlattr* nest = mnl_attr_nest_start(header(), type);
    fill(*this);
    mnl_attr_nest_end(header(), nest);
    return *this;
  }

 private:
  friend class Socket;
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_); }

  alignas(NLMSG_ALIGNTO) char buffer_[512] = {};
};

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using OwnedSocket = std::unique_ptr<mnl_socket, CloseSocket>;

// Asks and waits for the answer. Not thread-safe.
class Socket {
 public:
  static Result<Socket> Open();

  // The messages of the answer, one for a single request. A dump that was interrupted by a change is asked again.
  Answer<std::vector<Message>> Ask(Request request);

 private:
  explicit Socket(OwnedSocket socket) : socket_(std::move(socket)), buffer_(1 << 16) {}
  Answer<std::vector<Message>> AskOnce(nlmsghdr* header);

  OwnedSocket socket_;
  std::vector<char> buffer_;
  std::uint32_t sequence_ = 0;
};

enum class Hears : std::uint8_t { kThisNamespace, kAllNamespaces };

// Listens to multicast groups. kAllNamespaces hears as well the namespaces that this one has an id for, as far as
// the process may (CAP_NET_BROADCAST); which one a message came from is not told.
class Listener {
 public:
  static Result<Listener> Open(std::initializer_list<unsigned int> groups, Hears hears = Hears::kThisNamespace);

  int fd() const { return mnl_socket_get_fd(socket_.get()); }

  // Reads what is there, without waiting. True: messages were lost, so look at everything again.
  Answer<bool> Drain(const std::function<void(const Message&)>& on_message);

 private:
  explicit Listener(OwnedSocket socket) : socket_(std::move(socket)), buffer_(1 << 16) {}

  OwnedSocket socket_;
  std::vector<char> buffer_;
};

}  // namespace podmirror::netlink
