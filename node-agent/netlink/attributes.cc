#include "node-agent/netlink/attributes.h"

#include <libmnl/libmnl.h>

#include <array>
#include <cstring>

namespace podmirror::netlink {

Message::Message(const nlmsghdr& header)
    : bytes_(reinterpret_cast<const std::byte*>(&header),
             reinterpret_cast<const std::byte*>(&header) + header.nlmsg_len) {}

Attributes::Attributes(const Message& message, std::size_t body_size) {
  const nlmsghdr& header = message.header();
  if (header.nlmsg_len < NLMSG_HDRLEN + NLMSG_ALIGN(body_size)) return;
  begin_ = reinterpret_cast<const char*>(&header) + NLMSG_HDRLEN + NLMSG_ALIGN(body_size);
  end_ = reinterpret_cast<const char*>(&header) + header.nlmsg_len;
}

Attributes::Attributes(const nlattr* nest) {
  if (nest == nullptr) return;
  begin_ = static_cast<const char*>(mnl_attr_get_payload(nest));
  end_ = begin_ + mnl_attr_get_payload_len(nest);
}

const nlattr* Attributes::Find(std::uint16_t type) const {
  // libmnl's own loop macros convert void* without a cast, which C++ refuses.
  for (const char* at = begin_; at < end_;) {
    const auto* attribute = reinterpret_cast<const nlattr*>(at);
    if (!mnl_attr_ok(attribute, static_cast<int>(end_ - at))) return nullptr;
    if (mnl_attr_get_type(attribute) == type) return attribute;
    at += MNL_ALIGN(attribute->nla_len);
  }
  return nullptr;
}

std::optional<std::uint32_t> Attributes::U32(std::uint16_t type) const {
  const nlattr* attribute = Find(type);
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < sizeof(std::uint32_t)) return std::nullopt;
  return mnl_attr_get_u32(attribute);
}

bool Attributes::Flag(std::uint16_t type) const {
  const nlattr* attribute = Find(type);
  if (attribute == nullptr) return false;
  return mnl_attr_get_payload_len(attribute) == 0 || mnl_attr_get_u8(attribute) != 0;
}

std::string Attributes::Text(std::uint16_t type) const {
  const nlattr* attribute = Find(type);
  if (attribute == nullptr) return {};
  const auto* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
  return {text, strnlen(text, mnl_attr_get_payload_len(attribute))};
}

std::optional<IpAddress> Attributes::Ip(std::uint16_t type) const {
  const nlattr* attribute = Find(type);
  if (attribute == nullptr) return std::nullopt;
  return ReadIp(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

std::optional<MacAddress> Attributes::Mac(std::uint16_t type) const {
  const nlattr* attribute = Find(type);
  MacAddress mac;
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != mac.bytes.size()) return std::nullopt;
  std::memcpy(mac.bytes.data(), mnl_attr_get_payload(attribute), mac.bytes.size());
  return mac;
}

std::optional<IpAddress> ReadIp(const void* bytes, std::size_t size) {
  if (size == 4) {
    std::array<std::uint8_t, 4> v4{};
    std::memcpy(v4.data(), bytes, v4.size());
    return IpAddress::V4(v4);
  }
  if (size == 16) {
    std::array<std::uint8_t, 16> v6{};
    std::memcpy(v6.data(), bytes, v6.size());
    return IpAddress::V6(v6);
  }
  return std::nullopt;
}

}  // namespace podmirror::netlink
