// infrastructureTraffic: what belongs to the platform, and what merely looks like it.
#include <gtest/gtest.h>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

int ClassesOf(const Frame& frame) { return Parse(frame).infrastructure; }

Frame Datagram(const char* source, unsigned sport, const char* destination, unsigned dport, unsigned protocol = 17) {
  const Octets from = Address(source);
  const Octets payload = Ports(sport, dport);
  if (from.size() == 4) {
    return V4({.source = from, .destination = Address(destination), .protocol = protocol, .payload = payload});
  }
  return V6({.source = from, .destination = Address(destination), .protocol = protocol, .payload = payload});
}

TEST(InfrastructureArp, EveryArpPacketIsInIt) {
  EXPECT_EQ(ClassesOf({Ethernet(0x0806, Arp(Address("10.0.0.1"), Address("169.254.169.254")))}), PM_INFRA_ARP);
  EXPECT_EQ(ClassesOf({Ethernet(0x0806, {})}), PM_INFRA_ARP);
}

TEST(InfrastructureDhcp, UdpBetweenTheTwoPortsOverIpv4) {
  for (const unsigned sport : {67u, 68u}) {
    for (const unsigned dport : {67u, 68u}) {
      EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", sport, "255.255.255.255", dport)), PM_INFRA_DHCP);
    }
  }
}

TEST(InfrastructureDhcp, UdpBetweenTheTwoPortsOverIpv6) {
  for (const unsigned sport : {546u, 547u}) {
    for (const unsigned dport : {546u, 547u}) {
      EXPECT_EQ(ClassesOf(Datagram("fe80::1", sport, "ff02::1:2", dport)), PM_INFRA_DHCP);
    }
  }
}

TEST(InfrastructureDhcp, OnePortAloneIsNotEnough) {
  for (const unsigned other : {0u, 66u, 69u, 546u, 1024u, 65535u}) {
    EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 68, "10.0.0.2", other)), 0) << other;
    EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", other, "10.0.0.2", 67)), 0) << other;
  }
  for (const unsigned other : {0u, 67u, 545u, 548u, 65535u}) {
    EXPECT_EQ(ClassesOf(Datagram("fe80::1", 546, "ff02::1:2", other)), 0) << other;
    EXPECT_EQ(ClassesOf(Datagram("fe80::1", other, "ff02::1:2", 547)), 0) << other;
  }
}

TEST(InfrastructureDhcp, PortsOfTheOtherFamilyAreNot) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 546, "10.0.0.2", 547)), 0);
  EXPECT_EQ(ClassesOf(Datagram("fe80::1", 68, "ff02::1:2", 67)), 0);
}

TEST(InfrastructureDhcp, TcpAndSctpAreNot) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 68, "10.0.0.2", 67, 6)), 0);
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 68, "10.0.0.2", 67, 132)), 0);
}

TEST(InfrastructureDhcp, PortsBeyondTheIpLengthAreNot) {
  EXPECT_EQ(ClassesOf(V4({.payload = Ports(68, 67), .total_length = 23})), 0);
}

TEST(InfrastructureNtp, Port123OnTheSideOfTheTimeServer) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 40000, "169.254.169.123", 123)), PM_INFRA_NTP);
  EXPECT_EQ(ClassesOf(Datagram("169.254.169.123", 123, "10.0.0.1", 40000)), PM_INFRA_NTP);
  EXPECT_EQ(ClassesOf(Datagram("fd00::1", 40000, "fd00:ec2::123", 123)), PM_INFRA_NTP);
  EXPECT_EQ(ClassesOf(Datagram("fd00:ec2::123", 123, "fd00::1", 40000)), PM_INFRA_NTP);
}

TEST(InfrastructureNtp, Port123OnTheOtherSideIsNot) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 123, "169.254.169.123", 40000)), 0);
  EXPECT_EQ(ClassesOf(Datagram("fd00:ec2::123", 40000, "fd00::1", 123)), 0);
}

TEST(InfrastructureNtp, OtherTimeServersAndOtherProtocolsAreNot) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 123, "203.0.113.5", 123)), 0);
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 123, "169.254.169.124", 123)), 0);
  EXPECT_EQ(ClassesOf(Datagram("fd00::1", 123, "fd00:ec2::1:123", 123)), 0);
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 40000, "169.254.169.123", 123, 6)), 0);
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 40000, "169.254.169.123", 124)), 0);
}

constexpr const char* kMetadata[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16",
                                     "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23"};

const char* Pod(const char* address) { return Address(address).size() == 4 ? "10.0.0.1" : "fd00::1"; }

TEST(InfrastructureMetadata, AnyPacketToOrFromTheAddresses) {
  for (const char* address : kMetadata) {
    for (const unsigned protocol : {6u, 17u, 132u, 1u, 58u, 47u}) {
      EXPECT_EQ(ClassesOf(Datagram(Pod(address), 40000, address, 80, protocol)), PM_INFRA_METADATA) << address;
      EXPECT_EQ(ClassesOf(Datagram(address, 80, Pod(address), 40000, protocol)), PM_INFRA_METADATA) << address;
    }
  }
}

TEST(InfrastructureMetadata, UdpAndTcpWithPort53OnThatSideAreNot) {
  for (const char* address : kMetadata) {
    for (const unsigned protocol : {6u, 17u}) {
      EXPECT_EQ(ClassesOf(Datagram(Pod(address), 40000, address, 53, protocol)), 0) << address;
      EXPECT_EQ(ClassesOf(Datagram(address, 53, Pod(address), 40000, protocol)), 0) << address;
    }
    EXPECT_EQ(ClassesOf(Datagram(Pod(address), 40000, address, 53, 132)), PM_INFRA_METADATA) << address;
  }
}

TEST(InfrastructureMetadata, Port53OnTheOtherSideHidesNothing) {
  for (const char* address : kMetadata) {
    EXPECT_EQ(ClassesOf(Datagram(Pod(address), 53, address, 80)), PM_INFRA_METADATA) << address;
    EXPECT_EQ(ClassesOf(Datagram(address, 80, Pod(address), 53)), PM_INFRA_METADATA) << address;
  }
}

TEST(InfrastructureMetadata, PacketsWithoutPortsAreInIt) {
  const Octets server = Address("169.254.169.254");
  EXPECT_EQ(ClassesOf(V4({.destination = server, .payload = Ports(1, 53), .fragment_offset = 1})), PM_INFRA_METADATA);
  EXPECT_EQ(ClassesOf(V4({.destination = server, .payload = Ports(1, 53), .total_length = 23})), PM_INFRA_METADATA);
  const std::vector<Extension> nine(9);
  EXPECT_EQ(ClassesOf(V6({.destination = Address("fd00:ec2::254"), .extensions = nine})), PM_INFRA_METADATA);
}

TEST(InfrastructureMetadata, BetweenTwoOfThemEachSideIsAsked) {
  EXPECT_EQ(ClassesOf(Datagram("169.254.169.254", 53, "169.254.170.2", 80)), PM_INFRA_METADATA);
  EXPECT_EQ(ClassesOf(Datagram("169.254.169.254", 53, "169.254.170.2", 53)), 0);
}

TEST(InfrastructureMetadata, NeighboursAreNot) {
  for (const char* address : {"169.254.169.253", "169.254.169.255", "169.254.170.3", "169.254.170.22", "168.63.129.17",
                              "100.100.100.201", "254.169.254.169", "fd00:ec2::253", "fd00:ec2::1:254",
                              "fd00:ec2:1::254", "fd00:ec3::23", "::ffff:169.254.169.254"}) {
    EXPECT_EQ(ClassesOf(Datagram(Pod(address), 40000, address, 80)), 0) << address;
  }
}

TEST(Infrastructure, PacketMayBeInTwoClasses) {
  EXPECT_EQ(ClassesOf(Datagram("10.0.0.1", 68, "168.63.129.16", 67)), PM_INFRA_DHCP | PM_INFRA_METADATA);
}

TEST(Infrastructure, NeighbourDiscoveryIsInNone) {
  EXPECT_EQ(ClassesOf(V6({.protocol = 58, .payload = Icmp(135, 0)})), 0);
}

// With an accept-all rule and this list, is the packet mirrored?
bool Mirrored(std::uint8_t listed, const Frame& frame) {
  return Run(WorldOf({FilterOf({Rule{}}, listed)}), frame).match.winner == 0;
}

TEST(Infrastructure, NotListedIsExcludedAndListedFollowsTheRules) {
  const std::pair<int, Frame> kEach[] = {
      {PM_INFRA_ARP, {Ethernet(0x0806, Arp(Address("10.0.0.1"), Address("10.0.0.2")))}},
      {PM_INFRA_DHCP, Datagram("10.0.0.1", 68, "255.255.255.255", 67)},
      {PM_INFRA_NTP, Datagram("10.0.0.1", 123, "169.254.169.123", 123)},
      {PM_INFRA_METADATA, Datagram("10.0.0.1", 40000, "169.254.169.254", 80)}};
  for (const auto& [one, frame] : kEach) {
    for (int listed = 0; listed < 16; ++listed) {
      EXPECT_EQ(Mirrored(static_cast<std::uint8_t>(listed), frame), (listed & one) != 0) << one << " " << listed;
    }
    EXPECT_FALSE(Accepted(Rejecting(Rule{}), frame));
  }
}

TEST(Infrastructure, PacketInTwoClassesNeedsBothListed) {
  const Frame frame = Datagram("10.0.0.1", 68, "168.63.129.16", 67);
  EXPECT_FALSE(Mirrored(PM_INFRA_DHCP, frame));
  EXPECT_FALSE(Mirrored(PM_INFRA_METADATA, frame));
  EXPECT_TRUE(Mirrored(PM_INFRA_DHCP | PM_INFRA_METADATA, frame));
}

}  // namespace
}  // namespace podmirror::oracle
