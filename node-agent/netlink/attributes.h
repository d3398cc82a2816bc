// Reading netlink messages. Every read checks the length: an attribute that is too short counts as absent.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/ip.h"

namespace podmirror::netlink {

// One message, owned.
class Message {
 public:
  explicit Message(const nlmsghdr& header);

  std::uint16_t type() const { return header().nlmsg_type; }
  const nlmsghdr& header() const { return *reinterpret_cast<const nlmsghdr*>(bytes_.data()); }

  // The family's fixed header (ifinfomsg, rtmsg, ...); nullptr where the message is too short for it.
  template <typename T>
  const T* Body() const {
    return bytes_.size() < NLMSG_HDRLEN + sizeof(T) ? nullptr
                                                    : reinterpret_cast<const T*>(bytes_.data() + NLMSG_HDRLEN);
  }

 private:
  std::vector<std::byte> bytes_;  // from operator new: aligned for every header
};

// The attributes behind a fixed header, or those inside one attribute. Views its message.
class Attributes {
 public:
  Attributes(const Message& message, std::size_t body_size);
  explicit Attributes(const nlattr* nest);  // nullptr: none

  const nlattr* Find(std::uint16_t type) const;
  Attributes Nested(std::uint16_t type) const { return Attributes(Find(type)); }

  std::optional<std::uint32_t> U32(std::uint16_t type) const;
  bool Flag(std::uint16_t type) const;                    // a u8 other than 0, or an attribute without payload
  std::string Text(std::uint16_t type) const;             // empty where absent
  std::optional<IpAddress> Ip(std::uint16_t type) const;  // the length tells the family
  std::optional<MacAddress> Mac(std::uint16_t type) const;

 private:
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

// An address as netlink writes it. nullopt: neither 4 nor 16 bytes.
std::optional<IpAddress> ReadIp(const void* bytes, std::size_t size);

}  // namespace podmirror::netlink
