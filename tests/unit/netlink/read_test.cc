// Reading messages byte by byte, the short and the odd ones too.
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string>
#include <vector>

#include "node-agent/netlink/attributes.h"
#include "node-agent/netlink/link.h"

namespace podmirror::netlink {
namespace {

// A message that a test fills with libmnl.
class Draft {
 public:
  explicit Draft(std::uint16_t type) {
    mnl_nlmsg_put_header(buffer_);
    header()->nlmsg_type = type;
  }
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_); }
  ifinfomsg& Body() { return *static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header(), sizeof(ifinfomsg))); }
  Message Done() { return Message(*header()); }

 private:
  alignas(8) char buffer_[1024] = {};
};

Attributes Of(const Message& message) { return {message, sizeof(ifinfomsg)}; }

TEST(Attributes, ReadEachTypeOfValue) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  mnl_attr_put_u32(draft.header(), 1, 77);
  mnl_attr_put_strz(draft.header(), 2, "eth0");
  const std::uint8_t v4[] = {10, 0, 0, 1};
  mnl_attr_put(draft.header(), 3, sizeof(v4), v4);
  const std::uint8_t v6[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  mnl_attr_put(draft.header(), 4, sizeof(v6), v6);
  const std::uint8_t mac[] = {2, 0, 0, 0, 0, 1};
  mnl_attr_put(draft.header(), 5, sizeof(mac), mac);
  mnl_attr_put_u8(draft.header(), 6, 1);
  mnl_attr_put_u8(draft.header(), 7, 0);
  mnl_attr_put(draft.header(), 8, 0, nullptr);
  nlattr* nest = mnl_attr_nest_start(draft.header(), 9);
  mnl_attr_put_u32(draft.header(), 1, 78);
  mnl_attr_nest_end(draft.header(), nest);
  const Message message = draft.Done();
  const Attributes attributes = Of(message);
  EXPECT_EQ(attributes.U32(1), 77u);
  EXPECT_EQ(attributes.Text(2), "eth0");
  EXPECT_EQ(attributes.Ip(3)->ToString(), "10.0.0.1");
  EXPECT_EQ(attributes.Ip(4)->ToString(), "fd00::9");
  EXPECT_EQ(attributes.Mac(5)->ToString(), "02:00:00:00:00:01");
  EXPECT_TRUE(attributes.Flag(6));
  EXPECT_FALSE(attributes.Flag(7));
  EXPECT_TRUE(attributes.Flag(8)) << "no payload: its presence is the flag";
  EXPECT_EQ(attributes.Nested(9).U32(1), 78u);
}

TEST(Attributes, AreAbsentWhereTheyAreMissingOrTooShort) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  mnl_attr_put_u16(draft.header(), 1, 7);
  const Message message = draft.Done();
  const Attributes attributes = Of(message);
  EXPECT_FALSE(attributes.U32(1));
  EXPECT_FALSE(attributes.Ip(1));
  EXPECT_FALSE(attributes.Mac(1));
  EXPECT_FALSE(attributes.U32(2));
  EXPECT_EQ(attributes.Text(2), "");
  EXPECT_FALSE(attributes.Flag(2));
  EXPECT_EQ(attributes.Nested(2).Find(1), nullptr);
}

TEST(Attributes, TakeATextWithoutItsFinalZero) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  mnl_attr_put(draft.header(), 1, 4, "eth0");
  mnl_attr_put_u32(draft.header(), 2, 0x41414141);
  const Message message = draft.Done();
  EXPECT_EQ(Of(message).Text(1), "eth0");
}

TEST(Attributes, EndAtAnAttributeThatClaimsMoreThanThereIs) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  mnl_attr_put_u32(draft.header(), 1, 7);
  auto* liar = static_cast<nlattr*>(mnl_nlmsg_get_payload_tail(draft.header()));
  mnl_attr_put_u32(draft.header(), 2, 8);
  liar->nla_len = 4000;
  const Message message = draft.Done();
  EXPECT_EQ(Of(message).U32(1), 7u);
  EXPECT_EQ(Of(message).Find(2), nullptr);
  liar->nla_len = 0;
  const Message empty = draft.Done();
  EXPECT_EQ(Of(empty).Find(2), nullptr);
}

TEST(Attributes, AreNoneInAMessageShorterThanItsFixedHeader) {
  Draft draft(RTM_NEWLINK);
  const Message message = draft.Done();
  EXPECT_EQ(message.Body<ifinfomsg>(), nullptr);
  EXPECT_EQ(Of(message).Find(1), nullptr);
}

TEST(ReadLink, ReadsWhatTheRoomsNeed) {
  Draft draft(RTM_NEWLINK);
  ifinfomsg& body = draft.Body();
  body.ifi_index = 9;
  body.ifi_type = ARPHRD_ETHER;
  body.ifi_flags = IFF_UP | IFF_LOWER_UP;
  mnl_attr_put_strz(draft.header(), IFLA_IFNAME, "veth1");
  const std::uint8_t mac[] = {2, 0, 0, 0, 0, 1};
  mnl_attr_put(draft.header(), IFLA_ADDRESS, sizeof(mac), mac);
  mnl_attr_put_u32(draft.header(), IFLA_MTU, 1400);
  mnl_attr_put_u32(draft.header(), IFLA_LINK, 2);
  mnl_attr_put_u32(draft.header(), IFLA_LINK_NETNSID, 0);
  mnl_attr_put_u32(draft.header(), IFLA_MASTER, 5);
  nlattr* info = mnl_attr_nest_start(draft.header(), IFLA_LINKINFO);
  mnl_attr_put_strz(draft.header(), IFLA_INFO_KIND, "veth");
  mnl_attr_nest_end(draft.header(), info);
  const auto link = ReadLink(draft.Done());
  ASSERT_TRUE(link);
  EXPECT_EQ(link->ifindex, 9u);
  EXPECT_EQ(link->name, "veth1");
  EXPECT_EQ(link->kind, "veth");
  EXPECT_EQ(link->mac.ToString(), "02:00:00:00:00:01");
  EXPECT_EQ(link->mtu, 1400u);
  EXPECT_EQ(link->peer, 2u);
  EXPECT_EQ(link->peer_namespace, 0);
  EXPECT_EQ(link->master, 5u);
  EXPECT_TRUE(link->has_ethernet_header());
  EXPECT_TRUE(link->is_up());
  EXPECT_TRUE(link->has_carrier());
  EXPECT_TRUE(link->resolves_neighbours());
  EXPECT_FALSE(link->is_loopback());
  EXPECT_FALSE(IsOwn(*link));
}

TEST(ReadLink, HasNoPeerNamespaceUnlessItIsSaid) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  EXPECT_EQ(ReadLink(draft.Done())->peer_namespace, -1);
}

// Each kind says it under a number and in a form of its own.
bool CollectsMetadata(const char* kind, std::uint16_t type, bool as_u8, std::uint8_t value = 1) {
  Draft draft(RTM_NEWLINK);
  draft.Body();
  nlattr* info = mnl_attr_nest_start(draft.header(), IFLA_LINKINFO);
  mnl_attr_put_strz(draft.header(), IFLA_INFO_KIND, kind);
  nlattr* data = mnl_attr_nest_start(draft.header(), IFLA_INFO_DATA);
  mnl_attr_put(draft.header(), type, as_u8 ? 1 : 0, &value);
  mnl_attr_nest_end(draft.header(), data);
  mnl_attr_nest_end(draft.header(), info);
  return ReadLink(draft.Done())->collect_metadata;
}

TEST(ReadLink, KnowsFlowBasedTunnels) {
  EXPECT_TRUE(CollectsMetadata("vxlan", IFLA_VXLAN_COLLECT_METADATA, true));
  EXPECT_FALSE(CollectsMetadata("vxlan", IFLA_VXLAN_COLLECT_METADATA, true, 0));
  EXPECT_TRUE(CollectsMetadata("geneve", 6, false)) << "IFLA_GENEVE_COLLECT_METADATA";
  EXPECT_TRUE(CollectsMetadata("gretap", 18, false)) << "IFLA_GRE_COLLECT_METADATA";
  EXPECT_FALSE(CollectsMetadata("veth", IFLA_VXLAN_COLLECT_METADATA, true));
}

TEST(ReadLink, TakesLinkMessagesOnly) {
  Draft removed(RTM_DELLINK);
  removed.Body();
  EXPECT_FALSE(ReadLink(removed.Done()));
  EXPECT_FALSE(ReadLink(Draft(RTM_NEWLINK).Done())) << "no fixed header";
}

TEST(Failure, SaysTheKernelsWordsAndWhatToDo) {
  EXPECT_EQ((Failure{ENODEV, ""}.ToString()), "No such device");
  EXPECT_EQ((Failure{EINVAL, "bad prefix"}.ToString()), "bad prefix (Invalid argument)");
  EXPECT_NE(ToError({EPERM, ""}, "x").fix.find("CAP_NET_ADMIN"), std::string::npos);
}

}  // namespace
}  // namespace podmirror::netlink
