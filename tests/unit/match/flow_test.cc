// The flow hash: what is one flow, and how well flows spread.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

const Octets kA4 = Address("10.0.0.1"), kB4 = Address("10.0.0.2");
const Octets kA6 = Address("fd00::1"), kB6 = Address("fd00::2");

Frame Segment(const Octets& from, unsigned sport, const Octets& to, unsigned dport, unsigned protocol) {
  const Octets payload = Ports(sport, dport);
  if (from.size() == 4) return V4({.source = from, .destination = to, .protocol = protocol, .payload = payload});
  return V6({.source = from, .destination = to, .protocol = protocol, .payload = payload});
}

TEST(FlowHash, BothDirectionsOfAConnectionAreOneFlow) {
  for (const unsigned protocol : {6u, 17u, 132u}) {
    EXPECT_EQ(Hash(Segment(kA4, 4000, kB4, 80, protocol)), Hash(Segment(kB4, 80, kA4, 4000, protocol)));
    EXPECT_EQ(Hash(Segment(kA6, 4000, kB6, 80, protocol)), Hash(Segment(kB6, 80, kA6, 4000, protocol)));
  }
}

TEST(FlowHash, EachPartOfTheFiveTupleCounts) {
  const std::uint32_t hash = Hash(Segment(kA4, 4000, kB4, 80, 6));
  EXPECT_NE(hash, Hash(Segment(kA4, 4001, kB4, 80, 6)));
  EXPECT_NE(hash, Hash(Segment(kA4, 4000, kB4, 81, 6)));
  EXPECT_NE(hash, Hash(Segment(kA4, 4000, kB4, 80, 17)));
  EXPECT_NE(hash, Hash(Segment(Address("10.0.0.3"), 4000, kB4, 80, 6)));
  EXPECT_NE(hash, Hash(Segment(kA4, 4000, Address("10.0.0.3"), 80, 6)));
}

TEST(FlowHash, PortsBelongToTheirAddresses) {
  EXPECT_NE(Hash(Segment(kA4, 4000, kB4, 80, 6)), Hash(Segment(kA4, 80, kB4, 4000, 6)));
}

TEST(FlowHash, EqualEndsDoNotCancelOut) {
  EXPECT_NE(Hash(Segment(kA4, 80, kA4, 80, 6)), Hash(Segment(kB4, 80, kB4, 80, 6)));
}

TEST(FlowHash, TagsExtensionHeadersAndLengthsDoNotCount) {
  const Octets packet = Ipv6{.protocol = 6, .payload = Ports(1, 2)}.Build();
  const std::uint32_t hash = Hash({Ethernet(0x86dd, packet)});
  EXPECT_EQ(hash, Hash({Ethernet(0x86dd, packet, {0x88a8, 0x8100})}));
  EXPECT_EQ(hash,
            Hash(V6({.extensions = {{.kind = 0}, Fragment(0, false)}, .protocol = 6, .payload = Ports(1, 2, 99)})));
}

// The value that any node must compute; a change moves every flow to another collector.
TEST(FlowHash, IsTheSameOnEveryNode) {
  EXPECT_EQ(Hash(Segment(kA4, 4000, kB4, 80, 6)), 3577644945u);
  EXPECT_EQ(Hash(Segment(kA6, 4000, kB6, 80, 6)), 3984611106u);
}

TEST(FlowHash, EchoRequestAndReplyOfAnIdentifierAreOneFlow) {
  const auto echo4 = [](const Octets& from, const Octets& to, unsigned type, unsigned id) {
    return Hash(V4({.source = from, .destination = to, .protocol = 1, .payload = Icmp(type, id)}));
  };
  EXPECT_EQ(echo4(kA4, kB4, 8, 7), echo4(kB4, kA4, 0, 7));
  EXPECT_NE(echo4(kA4, kB4, 8, 7), echo4(kA4, kB4, 8, 9));
  const auto echo6 = [](const Octets& from, const Octets& to, unsigned type, unsigned id) {
    return Hash(V6({.source = from, .destination = to, .protocol = 58, .payload = Icmp(type, id)}));
  };
  EXPECT_EQ(echo6(kA6, kB6, 128, 7), echo6(kB6, kA6, 129, 7));
  EXPECT_NE(echo6(kA6, kB6, 128, 7), echo6(kA6, kB6, 128, 9));
}

TEST(FlowHash, OtherIcmpIsNamedByAddressesAndProtocol) {
  EXPECT_EQ(Hash(V4({.protocol = 1, .payload = Icmp(3, 7)})), Hash(V4({.protocol = 1, .payload = Icmp(11, 9)})));
  EXPECT_EQ(Hash(V6({.protocol = 58, .payload = Icmp(135, 7)})), Hash(V6({.protocol = 58, .payload = Icmp(136, 9)})));
}

TEST(FlowHash, EchoWhoseIdentifierIsCutIsNamedByAddressesAndProtocol) {
  EXPECT_EQ(Hash(V4({.protocol = 1, .payload = Cut(Icmp(8, 7), 5)})), Hash(V4({.protocol = 1, .payload = Icmp(3, 0)})));
}

TEST(FlowHash, IdentifierInThePaddingIsNone) {
  const Frame padded = V4({.protocol = 1, .payload = Icmp(8, 7), .total_length = 25});
  EXPECT_EQ(Hash(padded), Hash(V4({.protocol = 1, .payload = Icmp(3, 0)})));
}

TEST(FlowHash, AllFragmentsOfADatagramAreOneFlow4) {
  const std::uint32_t first = Hash(V4({.payload = Ports(1, 2), .more_fragments = true}));
  EXPECT_EQ(first, Hash(V4({.payload = Ports(3, 4), .more_fragments = true, .fragment_offset = 9})));
  EXPECT_EQ(first, Hash(V4({.payload = Ports(5, 6), .fragment_offset = 18})));
  EXPECT_EQ(first, Hash(V4({.source = kB4, .destination = kA4, .payload = Ports(9, 9), .more_fragments = true})));
  EXPECT_NE(first, Hash(V4({.payload = Ports(1, 2)})));
  EXPECT_NE(first, Hash(V4({.protocol = 6, .payload = Ports(1, 2), .more_fragments = true})));
}

TEST(FlowHash, AllFragmentsOfADatagramAreOneFlow6) {
  // The fragment header names destination options; the first fragment alone shows the UDP behind them.
  const Extension options{.kind = 60};
  const std::uint32_t first = Hash(V6({.extensions = {Fragment(0, true), options}, .payload = Ports(1, 2)}));
  EXPECT_EQ(first, Hash(V6({.extensions = {Fragment(1, true)}, .protocol = 60, .payload = Zeros(8)})));
  EXPECT_EQ(first, Hash(V6({.extensions = {Fragment(2, false)}, .protocol = 60, .payload = Zeros(3)})));
  // A first fragment in which the options are cut.
  EXPECT_EQ(first, Hash(V6({.extensions = {Fragment(0, true)}, .protocol = 60, .payload = {17, 9, 0, 0, 0, 0, 0, 0}})));
  EXPECT_NE(first, Hash(V6({.extensions = {Fragment(0, true)}, .payload = Ports(1, 2)})));
}

TEST(FlowHash, OuterOfTwoFragmentHeadersNamesTheFlow) {
  const std::uint32_t first = Hash(V6({.extensions = {Fragment(0, true), Fragment(3, true)}, .payload = Ports(1, 2)}));
  EXPECT_EQ(first, Hash(V6({.extensions = {Fragment(4, false)}, .protocol = 44, .payload = Zeros(9)})));
}

TEST(FlowHash, FragmentedEchoIsNamedByAddressesAndProtocol) {
  const std::uint32_t first = Hash(V4({.protocol = 1, .payload = Icmp(8, 7), .more_fragments = true}));
  EXPECT_EQ(first, Hash(V4({.protocol = 1, .payload = Zeros(20), .fragment_offset = 9})));
  EXPECT_EQ(first, Hash(V4({.protocol = 1, .payload = Icmp(3, 0)})));
}

TEST(FlowHash, PacketsWithoutPortsOfOneProtocolAreOneFlow) {
  EXPECT_EQ(Hash(V4({.protocol = 47, .payload = Zeros(9)})),
            Hash(V4({.source = kB4, .destination = kA4, .protocol = 47})));
  EXPECT_NE(Hash(V4({.protocol = 47})), Hash(V4({.protocol = 50})));
  EXPECT_EQ(Hash(V4({.payload = Zeros(3)})), Hash(V4({.payload = Zeros(8), .fragment_offset = 1})));
}

TEST(FlowHash, ArpIsNamedByTheUnorderedPairOfItsProtocolAddresses) {
  const std::uint32_t request = Hash({Ethernet(0x0806, Arp(kA4, kB4, 1))});
  EXPECT_EQ(request, Hash({Ethernet(0x0806, Arp(kB4, kA4, 2))}));
  EXPECT_EQ(request, Hash({Ethernet(0x0806, Arp(kA4, kB4, 2), {0x8100})}));
  EXPECT_NE(request, Hash({Ethernet(0x0806, Arp(kA4, Address("10.0.0.3"), 1))}));
}

// Largest and smallest count of a bucket, over 64 buckets of the top or the low 14 bits.
std::pair<std::size_t, std::size_t> Spread(const std::vector<std::uint32_t>& hashes, bool top) {
  std::vector<std::size_t> buckets(64);
  for (const std::uint32_t hash : hashes) ++buckets[top ? hash >> 26 : (hash & 0x3fff) >> 8];
  const auto [least, most] = std::minmax_element(buckets.begin(), buckets.end());
  return {*least, *most};
}

// 6,400 flows that differ little: 100 in a bucket, standard deviation 10.
void ExpectEven(const std::vector<std::uint32_t>& hashes) {
  ASSERT_EQ(hashes.size(), 6400u);
  for (const bool top : {true, false}) {
    const auto [least, most] = Spread(hashes, top);
    EXPECT_GT(least, 55u) << (top ? "top" : "low");
    EXPECT_LT(most, 150u) << (top ? "top" : "low");
  }
}

TEST(FlowHashSpread, ConsecutivePorts) {
  std::vector<std::uint32_t> hashes;
  for (unsigned port = 0; port < 6400; ++port) hashes.push_back(Hash(Segment(kA4, 32768 + port, kB4, 80, 6)));
  ExpectEven(hashes);
}

TEST(FlowHashSpread, ConsecutiveAddresses) {
  std::vector<std::uint32_t> v4, v6;
  for (unsigned i = 0; i < 6400; ++i) {
    const auto high = static_cast<std::uint8_t>(i / 256), low = static_cast<std::uint8_t>(i % 256);
    v4.push_back(Hash(Segment({10, 0, high, low}, 4000, kB4, 80, 6)));
    Octets address = kA6;
    address[14] = high;
    address[15] = low;
    v6.push_back(Hash(Segment(address, 4000, kB6, 80, 6)));
  }
  ExpectEven(v4);
  ExpectEven(v6);
}

TEST(FlowHashSpread, ConsecutiveEchoIdentifiers) {
  std::vector<std::uint32_t> hashes;
  for (unsigned id = 0; id < 6400; ++id) hashes.push_back(Hash(V4({.protocol = 1, .payload = Icmp(8, id)})));
  ExpectEven(hashes);
}

TEST(FlowHashSpread, BothEndsMoveTogether) {
  std::vector<std::uint32_t> hashes;
  for (unsigned i = 0; i < 6400; ++i) hashes.push_back(Hash(Segment(kA4, 1000 + i, kB4, 1000 + i, 17)));
  ExpectEven(hashes);
}

}  // namespace
}  // namespace podmirror::oracle
