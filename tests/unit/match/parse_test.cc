// Link layer, IPv4, lengths, malformed and non-IP.
#include <gtest/gtest.h>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

const Octets kPacket = Ipv4{.payload = Ports(1000, 53)}.Build();

Frame Tagged(std::vector<unsigned> tags, bool beside = false) { return {Ethernet(0x0800, kPacket, tags), beside}; }

TEST(ParseLink, UntaggedFrameBeginsAtByte14) {
  const pm_packet packet = Parse(Tagged({}));
  EXPECT_EQ(packet.kind, PM_PACKET_IP4);
  EXPECT_EQ(packet.l3_offset, 14);
  EXPECT_EQ(packet.l4_offset, 34);
  EXPECT_EQ(packet.tags, 0);
}

TEST(ParseLink, UpToTwoTagsOfEitherKindAreSteppedOver) {
  for (const std::vector<unsigned>& tags : std::vector<std::vector<unsigned>>{
           {0x8100}, {0x88a8}, {0x8100, 0x8100}, {0x88a8, 0x8100}, {0x8100, 0x88a8}, {0x88a8, 0x88a8}}) {
    for (const bool beside : {false, true}) {
      EXPECT_EQ(PortsOf(Tagged(tags, beside)), "1000>53");
      EXPECT_EQ(Parse(Tagged(tags, beside)).tags, tags.size());
    }
  }
}

TEST(ParseLink, OffsetsCountTheTagsInTheBytesAlone) {
  EXPECT_EQ(Parse(Tagged({0x88a8, 0x8100})).l3_offset, 22);
  EXPECT_EQ(Parse(Tagged({0x88a8, 0x8100}, true)).l3_offset, 18);
}

TEST(ParseLink, ThreeTagsAreNonIp) {
  EXPECT_EQ(Parse(Tagged({0x8100, 0x8100, 0x8100})).kind, PM_PACKET_NON_IP);
  EXPECT_EQ(Parse(Tagged({0x8100, 0x8100, 0x8100}, true)).kind, PM_PACKET_NON_IP);
  EXPECT_EQ(Parse(Tagged({0x88a8, 0x8100, 0x8100, 0x8100})).kind, PM_PACKET_NON_IP);
}

TEST(ParseLink, TagsOfThe9100FamilyAreNonIp) {
  for (const unsigned odd : {0x9100u, 0x9200u, 0x9300u}) {
    EXPECT_EQ(Parse(Tagged({odd})).kind, PM_PACKET_NON_IP);
    EXPECT_EQ(Parse(Tagged({0x8100, odd})).kind, PM_PACKET_NON_IP);
    EXPECT_EQ(Parse(Tagged({odd, 0x8100})).kind, PM_PACKET_NON_IP);
  }
}

TEST(ParseLink, FrameThatEndsInATagIsNonIp) {
  const Octets frame = Ethernet(0x0800, kPacket, {0x8100});
  for (std::size_t length = 0; length < 18; ++length) {
    EXPECT_EQ(Parse({Cut(frame, length)}).kind, PM_PACKET_NON_IP) << length;
  }
  EXPECT_EQ(Parse({Cut(frame, 18)}).kind, PM_PACKET_MALFORMED);
}

TEST(ParseLink, LlcAndSnapAreNonIp) {
  EXPECT_EQ(Parse({Ethernet(28, Join({{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, kPacket}))}).kind, PM_PACKET_NON_IP);
  EXPECT_EQ(Parse({Ethernet(38, Join({{0x42, 0x42, 3}, Zeros(35)}))}).kind, PM_PACKET_NON_IP);
}

TEST(ParseLink, OtherEthertypesAreNonIpWhateverTheyCarry) {
  for (const unsigned ethertype : {0x8035u, 0x8847u, 0x8864u, 0x88ccu, 0x0801u, 0x0000u, 0xffffu}) {
    EXPECT_EQ(Parse({Ethernet(ethertype, kPacket)}).kind, PM_PACKET_NON_IP) << ethertype;
  }
}

TEST(ParseLink, ArpIsArpAlsoWhenTaggedOrCutShort) {
  const Octets arp = Arp(Address("10.0.0.1"), Address("10.0.0.2"));
  EXPECT_EQ(Parse({Ethernet(0x0806, arp)}).kind, PM_PACKET_ARP);
  EXPECT_EQ(Parse({Ethernet(0x0806, arp, {0x8100})}).kind, PM_PACKET_ARP);
  for (std::size_t length = 0; length < arp.size(); ++length) {
    EXPECT_EQ(Parse({Ethernet(0x0806, Cut(arp, length))}).kind, PM_PACKET_ARP) << length;
  }
}

TEST(ParseIpv4, FieldsAreRead) {
  const pm_packet packet = Parse(V4({.payload = Ports(1000, 53)}));
  EXPECT_EQ(packet.protocol, 17);
  EXPECT_EQ(packet.sport, 1000);
  EXPECT_EQ(packet.dport, 53);
  EXPECT_EQ(packet.have, PM_NEED_V4 | PM_NEED_PROTOCOL | PM_NEED_PORTS);
  EXPECT_FALSE(packet.is_fragment);
}

TEST(ParseIpv4, OptionsAreSteppedOver) {
  for (std::size_t words = 1; words <= 10; ++words) {
    const Frame frame = V4({.payload = Ports(7, 9), .options = Octets(words * 4, 0xff)});
    EXPECT_EQ(PortsOf(frame), "7>9");
    EXPECT_EQ(Parse(frame).l4_offset, 34 + words * 4);
  }
}

TEST(ParseIpv4, OnlyTcpUdpAndSctpHavePorts) {
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    const bool has = protocol == 6 || protocol == 17 || protocol == 132;
    EXPECT_EQ(PortsOf(V4({.protocol = protocol, .payload = Ports(7, 9)})), has ? "7>9" : "none") << protocol;
  }
}

TEST(ParseIpv4, EveryNumberIsAProtocolThoseOfExtensionHeadersToo) {
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    EXPECT_EQ(ProtocolOf(V4({.protocol = protocol, .payload = Zeros(40)})), static_cast<int>(protocol));
  }
}

TEST(ParseIpv4, FirstFragmentHasPorts) {
  const Frame frame = V4({.payload = Ports(7, 9), .more_fragments = true});
  EXPECT_EQ(PortsOf(frame), "7>9");
  EXPECT_TRUE(Parse(frame).is_fragment);
}

TEST(ParseIpv4, LaterFragmentsHaveAProtocolAndNoPorts) {
  for (const bool more : {false, true}) {
    const Frame frame = V4({.payload = Ports(7, 9), .more_fragments = more, .fragment_offset = 1});
    EXPECT_EQ(PortsOf(frame), "none");
    EXPECT_EQ(ProtocolOf(frame), 17);
    EXPECT_TRUE(Parse(frame).is_fragment);
  }
}

TEST(ParseIpv4, DontFragmentAndTheReservedBitMakeNoFragment) {
  const Frame frame = V4({.payload = Ports(7, 9), .dont_fragment = true, .reserved_bit = true});
  EXPECT_EQ(PortsOf(frame), "7>9");
  EXPECT_FALSE(Parse(frame).is_fragment);
}

TEST(ParseLengths, PaddingIsNeverReadAsPorts) {
  Frame frame = V4({.payload = Zeros(3)});
  frame.wire.resize(60);
  EXPECT_EQ(PortsOf(frame), "none");
  EXPECT_EQ(ProtocolOf(frame), 17);
}

TEST(ParseLengths, PortsAreAPairOfFourBytes) {
  EXPECT_EQ(PortsOf(V4({.payload = Ports(7, 9, 0)})), "7>9");
  for (std::size_t length = 0; length < 4; ++length) {
    EXPECT_EQ(PortsOf(V4({.payload = Cut(Ports(7, 9), length)})), "none");
  }
}

TEST(ParseLengths, ChecksumsTcpOffsetAndUdpLengthAreNotJudged) {
  EXPECT_EQ(PortsOf(V4({.protocol = 6, .payload = Join({Ports(7, 9, 0), Octets(12, 0xff)})})), "7>9");
  EXPECT_EQ(PortsOf(V4({.protocol = 17, .payload = Join({Ports(7, 9, 0), {0, 0, 0, 0}})})), "7>9");
}

TEST(ParseLengths, FramesEndCutsThePayload) {
  const Frame whole = V4({.payload = Ports(7, 9)});
  EXPECT_EQ(PortsOf(CutTo(whole, 38)), "7>9");
  for (std::size_t length = 34; length < 38; ++length) {
    EXPECT_EQ(PortsOf(CutTo(whole, length)), "none");
    EXPECT_EQ(ProtocolOf(CutTo(whole, length)), 17);
  }
}

TEST(ParseLengths, IpLengthCutsThePayload) {
  EXPECT_EQ(PortsOf(V4({.payload = Ports(7, 9), .total_length = 24})), "7>9");
  for (unsigned length = 1; length < 24; ++length) {
    const Frame frame = V4({.payload = Ports(7, 9), .total_length = length});
    EXPECT_EQ(PortsOf(frame), "none") << length;
    EXPECT_EQ(ProtocolOf(frame), 17) << length;
  }
}

TEST(ParseLengths, IpLengthOfZeroMeansTheFramesEnd) {
  EXPECT_EQ(PortsOf(V4({.payload = Ports(7, 9), .total_length = 0})), "7>9");
  EXPECT_EQ(PortsOf(V4({.payload = Cut(Ports(7, 9), 3), .total_length = 0})), "none");
}

TEST(ParseLengths, IpLengthBeyondTheFrameMeansTheFramesEnd) {
  EXPECT_EQ(PortsOf(V4({.payload = Ports(7, 9), .total_length = 65535})), "7>9");
  EXPECT_EQ(PortsOf(V4({.payload = Cut(Ports(7, 9), 3), .total_length = 65535})), "none");
}

TEST(ParseMalformed, VersionAgainstEthertype) {
  for (unsigned version = 0; version < 16; ++version) {
    EXPECT_EQ(Parse(V4({.payload = Zeros(40), .version = version})).kind,
              version == 4 ? PM_PACKET_IP4 : PM_PACKET_MALFORMED);
    EXPECT_EQ(Parse(V6({.payload = Zeros(40), .version = version})).kind,
              version == 6 ? PM_PACKET_IP6 : PM_PACKET_MALFORMED);
  }
}

TEST(ParseMalformed, IhlUnderFive) {
  for (unsigned words = 0; words < 5; ++words) {
    EXPECT_EQ(Parse(V4({.payload = Zeros(40), .header_words = words})).kind, PM_PACKET_MALFORMED);
  }
  EXPECT_EQ(Parse(V4({.payload = Zeros(40), .header_words = 5})).kind, PM_PACKET_IP4);
}

TEST(ParseMalformed, Ipv4HeaderBeyondTheFrame) {
  const Frame frame = V4({.options = Zeros(8)});
  for (std::size_t length = 14; length < 42; ++length) {
    EXPECT_EQ(Parse(CutTo(frame, length)).kind, PM_PACKET_MALFORMED) << length;
  }
  EXPECT_EQ(Parse(frame).kind, PM_PACKET_IP4);
}

TEST(ParseMalformed, Ipv6HeaderBeyondTheFrame) {
  const Frame frame = V6({});
  for (std::size_t length = 14; length < 54; ++length) {
    EXPECT_EQ(Parse(CutTo(frame, length)).kind, PM_PACKET_MALFORMED) << length;
  }
  EXPECT_EQ(Parse(frame).kind, PM_PACKET_IP6);
}

TEST(ParseMalformed, IpLengthBelowTheHeaderIsNotMalformed) {
  EXPECT_EQ(Parse(V4({.payload = Ports(7, 9), .total_length = 1})).kind, PM_PACKET_IP4);
}

}  // namespace
}  // namespace podmirror::oracle
