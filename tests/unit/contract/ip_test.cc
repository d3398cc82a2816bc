#include "contract/ip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/limits.h"

namespace podmirror {
namespace {

using testing::HasSubstr;

std::string AddressFix(std::string_view text) {
  const Result<IpAddress> address = IpAddress::Parse(text);
  return address ? "accepted as " + address->ToString() : address.error().fix;
}

std::string CidrFix(std::string_view text) {
  const Result<Cidr> cidr = Cidr::Parse(text);
  return cidr ? "accepted as " + cidr->ToString() : cidr.error().fix;
}

TEST(IpAddress, ReadsBothFamiliesAndWritesThemAsRfc5952) {
  const std::pair<const char*, const char*> cases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"10.0.0.1", "10.0.0.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8::A", "2001:db8::a"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equal ones
      {"1:0:0:0:0:0:0:0", "1::"},
      {"0:0:0:0:0:0:0:a", "::a"},
      {"::a00:1", "::a00:1"},  // not mapped; stays hexadecimal, so that it can be read again
      {"64:ff9b::a00:1", "64:ff9b::a00:1"},
  };
  for (const auto& [text, canonical] : cases) {
    const Result<IpAddress> address = IpAddress::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ToString(), canonical) << text;
    EXPECT_EQ(IpAddress::Parse(canonical).value(), *address) << text;
  }
}

TEST(IpAddress, RefusesWithTheCorrectedValue) {
  EXPECT_EQ(AddressFix("010.0.0.1"), "write 10.0.0.1");
  EXPECT_EQ(AddressFix("10.0.00.1"), "write 10.0.0.1");
  EXPECT_EQ(AddressFix("::ffff:10.0.0.1"), "write 10.0.0.1");
  EXPECT_EQ(AddressFix("::ffff:a00:1"), "write 10.0.0.1");
  EXPECT_EQ(AddressFix("64:ff9b::10.0.0.1"), "write 64:ff9b::a00:1");
  EXPECT_EQ(AddressFix("192.0.2.1/32"), "write 192.0.2.1");
  EXPECT_EQ(AddressFix("fe80::1%eth0"), "write fe80::1");
}

TEST(IpAddress, RefusesWhatIsNoAddressWithAnExample) {
  const std::string_view cases[] = {"",
                                    " 10.0.0.1",
                                    "10.0.0.1 ",
                                    "10.0.0",
                                    "10.0.0.1.2",
                                    "10.0.0.256",
                                    "10.0.0.-1",
                                    "10.0.0.1a",
                                    "0x10.0.0.1",
                                    "10..0.1",
                                    "10.0.0.",
                                    ".10.0.0.1",
                                    "example.org",
                                    "2001::db8::1",
                                    "1:2:3:4:5:6:7",
                                    "12345::",
                                    "::g",
                                    "[::1]",
                                    "1:2:3:4:5:6:7:8:9",
                                    ":::",
                                    "10.0.0.0001",
                                    "::ffff:010.0.0.1",
                                    std::string_view("10.0.0.1\0", 9),
                                    std::string_view("::1\0x", 5)};
  for (const std::string_view text : cases) EXPECT_THAT(AddressFix(text), HasSubstr("for example 192.0.2.10")) << text;
}

TEST(IpAddress, KnowsTheSpecialRanges) {
  const auto parse = [](const char* text) { return IpAddress::Parse(text).value(); };
  EXPECT_TRUE(parse("127.255.0.1").is_loopback());
  EXPECT_TRUE(parse("::1").is_loopback());
  EXPECT_FALSE(parse("128.0.0.1").is_loopback());
  EXPECT_FALSE(parse("::2").is_loopback());
  EXPECT_TRUE(parse("169.254.0.1").is_link_local());
  EXPECT_FALSE(parse("169.253.0.1").is_link_local());
  EXPECT_TRUE(parse("fe80::1").is_link_local());
  EXPECT_TRUE(parse("febf::1").is_link_local());
  EXPECT_FALSE(parse("fec0::1").is_link_local());
  EXPECT_TRUE(parse("224.0.0.1").is_multicast());
  EXPECT_TRUE(parse("239.255.255.255").is_multicast());
  EXPECT_FALSE(parse("240.0.0.1").is_multicast());
  EXPECT_TRUE(parse("255.255.255.255").is_multicast());
  EXPECT_TRUE(parse("ff02::1").is_multicast());
  EXPECT_FALSE(parse("fe00::1").is_multicast());
  EXPECT_TRUE(parse("0.0.0.0").is_unspecified());
  EXPECT_TRUE(parse("0.1.2.3").is_unspecified());
  EXPECT_TRUE(parse("::").is_unspecified());
  EXPECT_FALSE(parse("::1").is_unspecified());
}

TEST(Cidr, ReadsRangesOfBothFamilies) {
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.7/32", "10.64.0.0/10", "::/0", "2001:db8::/32",
                           "2001:db8:0:0:8000::/65", "::1/128"}) {
    const Result<Cidr> cidr = Cidr::Parse(text);
    ASSERT_TRUE(cidr) << text << ": " << Describe(cidr.error());
    EXPECT_EQ(cidr->ToString(), text);
  }
}

TEST(Cidr, RefusesWithTheCorrectedValue) {
  EXPECT_EQ(CidrFix("10.1.2.3/8"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("10.0.0.129/25"), "write 10.0.0.128/25");
  EXPECT_EQ(CidrFix("10.0.0.1/0"), "write 0.0.0.0/0");
  EXPECT_EQ(CidrFix("2001:db8::1/32"), "write 2001:db8::/32");
  EXPECT_EQ(CidrFix("010.0.0.0/8"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("10.0.0.0/08"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("010.1.0.0/08"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("10.0.0.1"), "write 10.0.0.1/32");
  EXPECT_EQ(CidrFix("2001:db8::1"), "write 2001:db8::1/128");
  EXPECT_EQ(CidrFix("::ffff:10.0.0.0/104"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("::ffff:10.1.2.3/104"), "write 10.0.0.0/8");
  EXPECT_EQ(CidrFix("::ffff:10.0.0.1"), "write 10.0.0.1/32");
  EXPECT_EQ(CidrFix("::ffff:0:0/96"), "write 0.0.0.0/0");
  EXPECT_EQ(CidrFix("64:ff9b::10.0.0.0/120"), "write 64:ff9b::a00:0/120");
}

TEST(Cidr, EveryCorrectedValueIsAccepted) {
  for (const char* text : {"10.1.2.3/8", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.1", "::ffff:10.0.0.0/104",
                           "::ffff:0.0.0.0/90", "64:ff9b::10.0.0.0/120", "2001:db8::1/033"}) {
    const std::string fix = CidrFix(text);
    ASSERT_TRUE(fix.starts_with("write ")) << fix;
    EXPECT_TRUE(Cidr::Parse(fix.substr(6))) << text << " -> " << fix;
  }
}

TEST(Cidr, SaysTheRangeOfThePrefixLength) {
  EXPECT_THAT(CidrFix("10.0.0.0/33"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(CidrFix("2001:db8::/129"), HasSubstr("from 0 to 128"));
  EXPECT_THAT(CidrFix("10.0.0.0/"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(CidrFix("10.0.0.0/-1"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(CidrFix("10.0.0.0/8/8"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(CidrFix("10.0.0.0/255.0.0.0"), HasSubstr("from 0 to 32"));
}

TEST(Cidr, RefusesWhatIsNoRangeWithAnExample) {
  for (const char* text : {"", "/8", "example.org", "10.0.0.256/8", "2001::db8::/32", "10/8", " 10.0.0.0/8",
                           "2001:0db8:0000:0000:0000:0000:0000:0000:0000/128"}) {
    EXPECT_THAT(CidrFix(text), HasSubstr("for example 10.0.0.0/8")) << text;
  }
}

TEST(Cidr, ContainsExactlyItsAddresses) {
  const auto contains = [](const char* cidr, const char* address) {
    return Cidr::Parse(cidr).value().Contains(IpAddress::Parse(address).value());
  };
  EXPECT_TRUE(contains("10.0.0.128/25", "10.0.0.128"));
  EXPECT_TRUE(contains("10.0.0.128/25", "10.0.0.255"));
  EXPECT_FALSE(contains("10.0.0.128/25", "10.0.0.127"));
  EXPECT_FALSE(contains("10.0.0.128/25", "10.0.1.128"));
  EXPECT_TRUE(contains("0.0.0.0/0", "255.255.255.255"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_FALSE(contains("::/0", "10.0.0.1"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(PortRange, TakesBothEnds) {
  const Result<PortRange> all = PortRange::Make(0, 65535);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->from(), 0);
  EXPECT_EQ(all->to(), 65535);
  EXPECT_TRUE(PortRange::Make(443, 443));
}

TEST(PortRange, RefusesPortsOutsideTheRangeAndReversedEnds) {
  EXPECT_THAT(PortRange::Make(-1, 5).error().fix, HasSubstr("from 0 to 65535"));
  EXPECT_THAT(PortRange::Make(1, 65536).error().fix, HasSubstr("from 0 to 65535"));
  EXPECT_EQ(PortRange::Make(443, 80).error().fix, "swap them");
}

TEST(Protocol, HasFiveNamesInOneSpelling) {
  EXPECT_EQ(Protocol::FromName("TCP"), kTcp);
  EXPECT_EQ(Protocol::FromName("UDP"), kUdp);
  EXPECT_EQ(Protocol::FromName("SCTP"), kSctp);
  EXPECT_EQ(Protocol::FromName("ICMP"), kIcmp);
  EXPECT_EQ(Protocol::FromName("ICMPv6"), kIcmpV6);
  for (const char* wrong : {"tcp", "Any", "ICMPV6", "6", ""}) EXPECT_FALSE(Protocol::FromName(wrong)) << wrong;
}

TEST(Protocol, WritesItsNameOrItsNumber) {
  EXPECT_EQ(kIcmpV6.ToString(), "ICMPv6");
  EXPECT_EQ(Protocol{47}.ToString(), "47");
}

TEST(Protocol, OnlyThreeHavePorts) {
  for (int number = 0; number < 256; ++number) {
    EXPECT_EQ(Protocol{static_cast<std::uint8_t>(number)}.has_ports(), number == 6 || number == 17 || number == 132);
  }
}

TEST(Vni, HoldsTwentyFourBits) {
  EXPECT_EQ(Vni::Make(0)->value(), 0u);
  EXPECT_EQ(Vni::Make(kMaxVni)->value(), 16777215u);
  EXPECT_FALSE(Vni::Make(kMaxVni + 1));
  EXPECT_THAT(Vni::Make(-1).error().fix, HasSubstr("16777215"));
}

TEST(MacAddress, IsWrittenWithColons) {
  EXPECT_EQ((MacAddress{{0x02, 0, 0xab, 0xcd, 0xef, 1}}.ToString()), "02:00:ab:cd:ef:01");
}

TEST(SocketAddress, PutsIpv6InBrackets) {
  EXPECT_EQ((SocketAddress{IpAddress::Parse("10.0.0.1").value(), 53}.ToString()), "10.0.0.1:53");
  EXPECT_EQ((SocketAddress{IpAddress::Parse("fd00::1").value(), 4789}.ToString()), "[fd00::1]:4789");
}

TEST(IpAddress, OrdersIpv4BeforeIpv6) {
  EXPECT_LT(IpAddress::Parse("255.0.0.1").value(), IpAddress::Parse("::1").value());
  EXPECT_LT(IpAddress::Parse("10.0.0.9").value(), IpAddress::Parse("10.0.0.10").value());
}

}  // namespace
}  // namespace podmirror
