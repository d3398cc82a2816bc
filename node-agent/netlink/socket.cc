#include "node-agent/netlink/socket.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace podmirror::netlink {
namespace {

constexpr int kAttempts = 8;            // of a dump that is interrupted by changes
constexpr int kListenBuffer = 4 << 20;  // bytes; a burst of events beyond it costs a full look, nothing else

std::unexpected<Failure> Refuse(int code, std::string text = "") {
  return std::unexpected(Failure{code, std::move(text)});
}

Result<OwnedSocket> OpenSocket(int flags) {
  OwnedSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return std::unexpected(ToError({errno, ""}, "cannot open a netlink socket"));
  }
  return socket;
}

// The extended acknowledgement's text (NLMSGERR_ATTR_MSG) of an error message, if it has one. The request stands
// between the error and the attributes unless the kernel capped it.
std::string ExplanationOf(const Message& message) {
  if ((message.header().nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto* error = message.Body<nlmsgerr>();
  std::size_t size = sizeof(nlmsgerr);
  if ((message.header().nlmsg_flags & NLM_F_CAPPED) == 0) size += error->msg.nlmsg_len - NLMSG_HDRLEN;
  return Attributes(message, size).Text(NLMSGERR_ATTR_MSG);
}

}  // namespace

std::string Failure::ToString() const {
  const std::string name = std::strerror(code);
  return text.empty() ? name : text + " (" + name + ")";
}

Error ToError(const Failure& failure, std::string what) {
  std::string fix;
  if (failure.code == EPERM || failure.code == EACCES) fix = "run as root, or with CAP_NET_ADMIN";
  return {std::move(what) + ": " + failure.ToString(), "netlink", std::move(fix)};
}

Request::Request(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr* made = mnl_nlmsg_put_header(buffer_);
  made->nlmsg_type = type;
  made->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

Request& Request::U8(std::uint16_t type, std::uint8_t value) {
  mnl_attr_put_u8(header(), type, value);
  return *this;
}

Request& Request::U32(std::uint16_t type, std::uint32_t value) {
  mnl_attr_put_u32(header(), type, value);
  return *this;
}

Request& Request::Text(std::uint16_t type, const std::string& value) {
  mnl_attr_put_strz(header(), type, value.c_str());
  return *this;
}

Request& Request::Ip(std::uint16_t type, const IpAddress& value) {
  mnl_attr_put(header(), type, value.is_v4() ? 4 : 16, value.bytes().data());
  return *this;
}

Result<Socket> Socket::Open() {
  auto socket = OpenSocket(0);
  if (!socket) return std::unexpected(socket.error());
  const int on = 1;
  // Without strict checking the kernel ignores what a dump is asked to be limited to. Since 5.0.
  if (mnl_socket_setsockopt(socket->get(), NETLINK_GET_STRICT_CHK, const_cast<int*>(&on), sizeof(on)) < 0) {
    return std::unexpected(ToError({errno, ""}, "the kernel has no strict netlink requests"));
  }
  mnl_socket_setsockopt(socket->get(), NETLINK_EXT_ACK, const_cast<int*>(&on), sizeof(on));
  return Socket(std::move(*socket));
}

Answer<std::vector<Message>> Socket::Ask(Request request) {
  for (int attempt = 0;; ++attempt) {
    auto answer = AskOnce(request.header());
    if (answer || answer.error().code != EINTR || attempt == kAttempts) return answer;
  }
}

Answer<std::vector<Message>> Socket::AskOnce(nlmsghdr* header) {
  header->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) return Refuse(errno);
  const bool dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  bool interrupted = false;
  std::vector<Message> messages;
  for (;;) {
    const auto size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Refuse(errno);
    int left = static_cast<int>(size);
    for (const auto* at = reinterpret_cast<const nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      if (at->nlmsg_seq != sequence_) continue;  // the rest of an answer that was given up
      interrupted = interrupted || (at->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      Message message(*at);
      if (at->nlmsg_type == NLMSG_ERROR) {
        const auto* error = message.Body<nlmsgerr>();
        if (error == nullptr) return Refuse(EBADMSG);
        if (error->error != 0) return Refuse(-error->error, ExplanationOf(message));
        return messages;
      }
      if (at->nlmsg_type == NLMSG_DONE) {
        const int* error = message.Body<int>();
        if (error != nullptr && *error < 0) return Refuse(-*error);
        if (interrupted) return Refuse(EINTR);
        return messages;
      }
      messages.push_back(std::move(message));
      if (!dump) return messages;
    }
  }
}

Result<Listener> Listener::Open(std::initializer_list<unsigned int> groups, Hears hears) {
  auto socket = OpenSocket(SOCK_NONBLOCK);
  if (!socket) return std::unexpected(socket.error());
  const int size = kListenBuffer;
  setsockopt(mnl_socket_get_fd(socket->get()), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
  if (hears == Hears::kAllNamespaces) {
    int on = 1;
    mnl_socket_setsockopt(socket->get(), NETLINK_LISTEN_ALL_NSID, &on, sizeof(on));
  }
  for (unsigned int group : groups) {
    if (mnl_socket_setsockopt(socket->get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
      return std::unexpected(ToError({errno, ""}, "cannot listen to netlink group " + std::to_string(group)));
    }
  }
  return Listener(std::move(*socket));
}

Answer<bool> Listener::Drain(const std::function<void(const Message&)>& on_message) {
  bool lost = false;
  for (;;) {
    const auto size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return lost;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS && errno != ENOSPC) return Refuse(errno);
      lost = true;  // ENOSPC: libmnl's word for a datagram larger than the buffer
      continue;
    }
    int left = static_cast<int>(size);
    for (const auto* at = reinterpret_cast<const nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      on_message(Message(*at));
    }
  }
}

}  // namespace podmirror::netlink
