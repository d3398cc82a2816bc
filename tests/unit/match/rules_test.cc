// One rule and one packet: absent fields, numbers, CIDRs, ports.
#include <gtest/gtest.h>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

constexpr Protocol kAh{51};

const Frame kUdp4 = V4({.payload = Ports(1000, 53)});
const Frame kUdp6 = V6({.payload = Ports(1000, 53)});
const Frame kLater4 = V4({.payload = Ports(1000, 53), .fragment_offset = 8});
const Frame kNine6 = V6({.extensions = std::vector<Extension>(9), .payload = Ports(1000, 53)});
const Frame kArp = {Ethernet(0x0806, Arp(Address("10.0.0.1"), Address("10.0.0.2")))};

TEST(RuleFields, RuleWithoutFieldsMatchesEverythingJudged) {
  for (const Frame& frame : {kUdp4, kUdp6, kLater4, kNine6, kArp}) EXPECT_TRUE(Accepted(Rule{}, frame));
}

TEST(RuleFields, PacketsWithoutAProtocolMatchNoRuleThatNamesOne) {
  for (int number = 0; number < 256; ++number) {
    EXPECT_FALSE(Accepted(Of(Protocol{static_cast<std::uint8_t>(number)}), kNine6)) << number;
    EXPECT_FALSE(Accepted(Of(Protocol{static_cast<std::uint8_t>(number)}), kArp)) << number;
  }
}

TEST(RuleFields, PacketsWithoutPortsMatchNoRuleThatNamesSome) {
  EXPECT_FALSE(Accepted(ToPorts(kUdp, 0, 65535), kLater4));
  EXPECT_FALSE(Accepted(FromPorts(kUdp, 0, 65535), kLater4));
  EXPECT_FALSE(Accepted(ToPorts(kUdp, 0, 65535), V4({.payload = Zeros(3)})));
}

TEST(RuleFields, PacketsWithoutPortsMatchRulesOfTheirProtocolAndAddresses) {
  EXPECT_TRUE(Accepted(Of(kUdp), kLater4));
  EXPECT_TRUE(Accepted(FromTo("10.0.0.1/32", "10.0.0.2/32"), kLater4));
  EXPECT_TRUE(Accepted(FromTo("fd00::1/128", ""), kNine6));
}

TEST(RuleFields, ArpMatchesOnlyRulesWithProtocolAnyAndNeitherCidrNorPorts) {
  EXPECT_TRUE(Accepted(Rule{}, kArp));
  EXPECT_FALSE(Accepted(FromTo("0.0.0.0/0", ""), kArp));
  EXPECT_FALSE(Accepted(FromTo("", "10.0.0.2/32"), kArp));
  EXPECT_FALSE(Accepted(FromTo("::/0", ""), kArp));
  EXPECT_FALSE(Accepted(ToPorts(kUdp, 0, 65535), kArp));
}

TEST(RuleProtocol, NamesAreNumbersWhateverTheFamily) {
  EXPECT_TRUE(Accepted(Of(kIcmpV6), V4({.protocol = 58, .payload = Icmp(8, 1)})));
  EXPECT_TRUE(Accepted(Of(kIcmp), V6({.protocol = 1, .payload = Icmp(8, 1)})));
  EXPECT_FALSE(Accepted(Of(kIcmp), V6({.protocol = 58, .payload = Icmp(128, 1)})));
}

TEST(RuleProtocol, EveryNumberMatchesItselfAlone) {
  for (unsigned of_rule = 0; of_rule < 256; of_rule += 5) {
    for (unsigned of_packet = 0; of_packet < 256; of_packet += 5) {
      EXPECT_EQ(Accepted(Of(Protocol{static_cast<std::uint8_t>(of_rule)}), V4({.protocol = of_packet})),
                of_rule == of_packet);
    }
  }
}

TEST(RuleProtocol, ExtensionHeadersNumberDoesNotMatchTheHeader) {
  for (const unsigned kind : {0u, 43u, 44u, 51u, 60u}) {
    const Frame frame = V6({.extensions = {{.kind = kind}}, .payload = Ports(7, 9)});
    EXPECT_FALSE(Accepted(Of(Protocol{static_cast<std::uint8_t>(kind)}), frame)) << kind;
    EXPECT_TRUE(Accepted(Of(kUdp), frame)) << kind;
  }
}

TEST(RuleProtocol, AuthenticationHeaderOverIpv4IsProtocol51) {
  EXPECT_TRUE(Accepted(Of(kAh), V4({.protocol = 51, .payload = Zeros(40)})));
}

TEST(RuleProtocol, ProtocolZeroIsAProtocolAndNotAny) {
  EXPECT_TRUE(Accepted(Of(Protocol{0}), V4({.protocol = 0})));
  EXPECT_FALSE(Accepted(Of(Protocol{0}), kUdp4));
}

TEST(RuleCidr, AbsentIsAnyAddressOfEitherFamily) {
  EXPECT_TRUE(Accepted(Of(kUdp), kUdp4));
  EXPECT_TRUE(Accepted(Of(kUdp), kUdp6));
}

TEST(RuleCidr, ZeroLengthIsAnyAddressOfItsFamilyAlone) {
  EXPECT_TRUE(Accepted(FromTo("0.0.0.0/0", ""), kUdp4));
  EXPECT_FALSE(Accepted(FromTo("0.0.0.0/0", ""), kUdp6));
  EXPECT_TRUE(Accepted(FromTo("", "::/0"), kUdp6));
  EXPECT_FALSE(Accepted(FromTo("", "::/0"), kUdp4));
}

TEST(RuleCidr, Ipv4InsideIpv6IsNotIpv4) {
  const Frame compatible = V6({.source = Address("::10.0.0.1"), .payload = Ports(1, 2)});
  EXPECT_FALSE(Accepted(FromTo("10.0.0.1/32", ""), compatible));
  EXPECT_FALSE(Accepted(FromTo("::a00:1/128", ""), kUdp4));
}

TEST(RuleCidr, EachPrefixLengthHoldsItsLastBit4) {
  const std::array<std::uint8_t, 4> bytes{0xff, 0xff, 0xff, 0xff};
  for (int length = 1; length <= 32; ++length) {
    Octets network(bytes.begin(), bytes.end());
    for (int bit = length; bit < 32; ++bit) network[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
    const IpAddress address = IpAddress::V4({network[0], network[1], network[2], network[3]});
    const std::string cidr = address.ToString() + "/" + std::to_string(length);
    Octets outside = network;
    outside[(length - 1) / 8] ^= static_cast<std::uint8_t>(0x80 >> (length - 1) % 8);
    EXPECT_TRUE(Accepted(FromTo(cidr.c_str(), ""), V4({.source = network}))) << cidr;
    EXPECT_FALSE(Accepted(FromTo(cidr.c_str(), ""), V4({.source = outside}))) << cidr;
    EXPECT_TRUE(Accepted(FromTo("", cidr.c_str()), V4({.destination = network}))) << cidr;
    EXPECT_FALSE(Accepted(FromTo("", cidr.c_str()), V4({.destination = outside}))) << cidr;
  }
}

TEST(RuleCidr, EachPrefixLengthHoldsItsLastBit6) {
  for (int length = 1; length <= 128; ++length) {
    std::array<std::uint8_t, 16> bytes{};
    for (int bit = 0; bit < length; ++bit) bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    const std::string cidr = IpAddress::V6(bytes).ToString() + "/" + std::to_string(length);
    const Octets inside(bytes.begin(), bytes.end());
    Octets outside = inside;
    outside[(length - 1) / 8] ^= static_cast<std::uint8_t>(0x80 >> (length - 1) % 8);
    EXPECT_TRUE(Accepted(FromTo(cidr.c_str(), ""), V6({.source = inside}))) << cidr;
    EXPECT_FALSE(Accepted(FromTo(cidr.c_str(), ""), V6({.source = outside}))) << cidr;
    EXPECT_TRUE(Accepted(FromTo("", cidr.c_str()), V6({.destination = inside}))) << cidr;
    EXPECT_FALSE(Accepted(FromTo("", cidr.c_str()), V6({.destination = outside}))) << cidr;
  }
}

TEST(RuleCidr, SourceIsNotDestination) {
  EXPECT_TRUE(Accepted(FromTo("10.0.0.1/32", "10.0.0.2/32"), kUdp4));
  EXPECT_FALSE(Accepted(FromTo("10.0.0.2/32", ""), kUdp4));
  EXPECT_FALSE(Accepted(FromTo("", "10.0.0.1/32"), kUdp4));
}

TEST(RulePorts, BothEndsOfARangeAreInIt) {
  for (const unsigned port : {999u, 1000u, 1500u, 2000u, 2001u}) {
    const bool inside = port >= 1000 && port <= 2000;
    EXPECT_EQ(Accepted(ToPorts(kUdp, 1000, 2000), V4({.payload = Ports(5, port)})), inside) << port;
    EXPECT_EQ(Accepted(FromPorts(kUdp, 1000, 2000), V4({.payload = Ports(port, 5)})), inside) << port;
  }
}

TEST(RulePorts, ZeroAndTheHighestPortAreOrdinary) {
  EXPECT_TRUE(Accepted(ToPorts(kUdp, 0, 0), V4({.payload = Ports(5, 0)})));
  EXPECT_FALSE(Accepted(ToPorts(kUdp, 0, 0), V4({.payload = Ports(5, 1)})));
  EXPECT_TRUE(Accepted(ToPorts(kUdp, 65535, 65535), V4({.payload = Ports(5, 65535)})));
  EXPECT_FALSE(Accepted(ToPorts(kUdp, 65535, 65535), V4({.payload = Ports(5, 65534)})));
  EXPECT_TRUE(Accepted(ToPorts(kUdp, 0, 65535), V4({.payload = Ports(5, 32768)})));
}

TEST(RulePorts, ProtocolMustAgreeToo) {
  EXPECT_FALSE(Accepted(ToPorts(kTcp, 53, 53), kUdp4));
  EXPECT_TRUE(Accepted(ToPorts(kSctp, 53, 53), V4({.protocol = 132, .payload = Ports(1, 53)})));
}

TEST(RulePorts, SourceAndDestinationAreAskedTogether) {
  Rule rule = FromPorts(kUdp, 1000, 1000);
  rule.destination_ports = *PortRange::Make(53, 53);
  EXPECT_TRUE(Accepted(rule, kUdp4));
  EXPECT_FALSE(Accepted(rule, V4({.payload = Ports(1000, 54)})));
  EXPECT_FALSE(Accepted(rule, V4({.payload = Ports(1001, 53)})));
}

TEST(RulePorts, FirstFragmentsPortsCount) {
  EXPECT_TRUE(Accepted(ToPorts(kUdp, 53, 53), V4({.payload = Ports(1000, 53), .more_fragments = true})));
}

}  // namespace
}  // namespace podmirror::oracle
