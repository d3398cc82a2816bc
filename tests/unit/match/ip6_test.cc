// IPv6: extension headers, fragments, lengths.
#include <gtest/gtest.h>

#include "tests/unit/match/judged.h"

namespace podmirror::oracle {
namespace {

std::vector<Extension> Options(std::size_t count) { return std::vector<Extension>(count, Extension{.kind = 60}); }

TEST(ParseIpv6, FieldsAreRead) {
  const pm_packet packet = Parse(V6({.payload = Ports(1000, 53)}));
  EXPECT_EQ(packet.have, PM_NEED_V6 | PM_NEED_PROTOCOL | PM_NEED_PORTS);
  EXPECT_EQ(packet.protocol, 17);
  EXPECT_EQ(packet.sport, 1000);
  EXPECT_EQ(packet.dport, 53);
  EXPECT_EQ(packet.l4_offset, 54);
}

TEST(ParseExtensions, EachKindIsSteppedOver) {
  for (const unsigned kind : {0u, 43u, 44u, 51u, 60u}) {
    for (const unsigned length : {0u, 1u, 5u}) {
      const Frame frame = V6({.extensions = {{.kind = kind, .length = length}}, .payload = Ports(7, 9)});
      EXPECT_EQ(PortsOf(frame), "7>9") << kind << " of length " << length;
    }
  }
}

TEST(ParseExtensions, AuthenticationHeaderCountsInFours) {
  const Frame frame = V6({.extensions = {{.kind = 51, .length = 4}}, .payload = Ports(7, 9)});
  EXPECT_EQ(Parse(frame).l4_offset, 54 + 24);
}

TEST(ParseExtensions, UpToEightAreSteppedOver) {
  for (std::size_t count = 0; count <= 8; ++count) {
    const Frame frame = V6({.extensions = Options(count), .payload = Ports(7, 9)});
    EXPECT_EQ(PortsOf(frame), "7>9") << count;
    EXPECT_EQ(ProtocolOf(frame), 17) << count;
  }
}

TEST(ParseExtensions, BeyondEightThereIsNeitherProtocolNorPorts) {
  for (const std::size_t count : {9u, 10u}) {
    const Frame frame = V6({.extensions = Options(count), .payload = Ports(7, 9)});
    EXPECT_EQ(Parse(frame).kind, PM_PACKET_IP6);
    EXPECT_EQ(ProtocolOf(frame), -1);
    EXPECT_EQ(PortsOf(frame), "none");
  }
}

TEST(ParseExtensions, FragmentHeadersCountAmongTheEight) {
  std::vector<Extension> extensions = Options(7);
  extensions.push_back(Fragment(0, false));
  EXPECT_EQ(PortsOf(V6({.extensions = extensions, .payload = Ports(7, 9)})), "7>9");
  extensions.insert(extensions.begin(), Extension{.kind = 0});
  EXPECT_EQ(PortsOf(V6({.extensions = extensions, .payload = Ports(7, 9)})), "none");
}

TEST(ParseExtensions, LongestChainIsRead) {
  const std::vector<Extension> extensions(8, Extension{.kind = 60, .length = 255});
  EXPECT_EQ(PortsOf(V6({.extensions = extensions, .payload = Ports(7, 9)})), "7>9");
}

TEST(ParseExtensions, NumbersOfNoExtensionHeaderAreProtocols) {
  for (const unsigned protocol : {50u, 59u, 135u, 139u, 140u, 1u, 58u, 4u, 41u, 253u, 254u, 255u}) {
    EXPECT_EQ(ProtocolOf(V6({.protocol = protocol, .payload = Zeros(40)})), static_cast<int>(protocol));
  }
}

TEST(ParseExtensions, ChainCutByThePayloadsEndHasNeitherProtocolNorPorts) {
  const Frame whole = V6({.extensions = {{.kind = 0, .length = 1}, {.kind = 60}}, .payload = Ports(7, 9)});
  for (unsigned length = 1; length < 24; ++length) {
    const Frame by_length =
        V6({.extensions = {{.kind = 0, .length = 1}, {.kind = 60}}, .payload = Ports(7, 9), .payload_length = length});
    for (const Frame& frame : {CutTo(whole, 54 + length), by_length}) {
      EXPECT_EQ(Parse(frame).kind, PM_PACKET_IP6);
      EXPECT_EQ(ProtocolOf(frame), -1) << length;
      EXPECT_EQ(PortsOf(frame), "none") << length;
    }
  }
}

TEST(ParseExtensions, ChainThatEndsWithThePayloadHasAProtocolAndNoPorts) {
  const Frame frame = V6({.extensions = {{.kind = 0, .length = 1}, {.kind = 60}}, .payload = {}});
  EXPECT_EQ(ProtocolOf(frame), 17);
  EXPECT_EQ(PortsOf(frame), "none");
}

TEST(ParseExtensions, CutAuthenticationHeaderHidesTheProtocol) {
  const Frame frame = V6({.extensions = {{.kind = 51, .length = 4}}, .payload = Ports(7, 9)});
  EXPECT_EQ(ProtocolOf(CutTo(frame, 54 + 23)), -1);
  EXPECT_EQ(ProtocolOf(CutTo(frame, 54 + 24)), 17);
}

TEST(ParseFragments, OffsetZeroAndNoMoreFragmentsIsNoFragment) {
  Extension header = Fragment(0, false);
  header.reserved_bits = 3;
  header.length = 0xff;  // reserved as well
  const Frame frame = V6({.extensions = {header}, .payload = Ports(7, 9)});
  EXPECT_EQ(PortsOf(frame), "7>9");
  EXPECT_FALSE(Parse(frame).is_fragment);
}

TEST(ParseFragments, FirstFragmentGoesOnToThePorts) {
  const Frame frame = V6({.extensions = {Fragment(0, true), {.kind = 60}}, .payload = Ports(7, 9)});
  EXPECT_EQ(PortsOf(frame), "7>9");
  EXPECT_EQ(ProtocolOf(frame), 17);
  EXPECT_TRUE(Parse(frame).is_fragment);
}

TEST(ParseFragments, FirstFragmentWhosePortsLieBeyondHasNone) {
  const Frame frame = V6({.extensions = {Fragment(0, true)}, .payload = Cut(Ports(7, 9), 3)});
  EXPECT_EQ(PortsOf(frame), "none");
  EXPECT_EQ(ProtocolOf(frame), 17);
}

TEST(ParseFragments, LaterFragmentHasTheFragmentHeadersProtocolAndNoPorts) {
  for (const bool more : {false, true}) {
    const Frame frame = V6({.extensions = {Fragment(1, more)}, .payload = Ports(7, 9)});
    EXPECT_EQ(ProtocolOf(frame), 17);
    EXPECT_EQ(PortsOf(frame), "none");
    EXPECT_TRUE(Parse(frame).is_fragment);
  }
}

TEST(ParseFragments, LaterFragmentThatNamesAnExtensionHeaderHasNoProtocol) {
  for (const unsigned kind : {0u, 43u, 44u, 51u, 60u}) {
    const Frame frame = V6({.extensions = {Fragment(1, false), {.kind = kind}}, .payload = Ports(7, 9)});
    EXPECT_EQ(ProtocolOf(frame), -1) << kind;
    EXPECT_EQ(PortsOf(frame), "none") << kind;
  }
}

TEST(ParseFragments, CutFragmentHeaderHidesEverything) {
  const Frame frame = CutTo(V6({.extensions = {Fragment(1, false)}, .payload = Ports(7, 9)}), 54 + 7);
  EXPECT_EQ(ProtocolOf(frame), -1);
  EXPECT_FALSE(Parse(frame).is_fragment);
}

TEST(ParseLengths6, PayloadLengthCutsThePayload) {
  EXPECT_EQ(PortsOf(V6({.payload = Ports(7, 9), .payload_length = 4})), "7>9");
  for (unsigned length = 1; length < 4; ++length) {
    const Frame frame = V6({.payload = Ports(7, 9), .payload_length = length});
    EXPECT_EQ(PortsOf(frame), "none");
    EXPECT_EQ(ProtocolOf(frame), 17);
  }
}

TEST(ParseLengths6, PayloadLengthOfZeroMeansTheFramesEnd) {
  EXPECT_EQ(PortsOf(V6({.payload = Ports(7, 9), .payload_length = 0})), "7>9");
  EXPECT_EQ(PortsOf(V6({.extensions = Options(2), .payload = Ports(7, 9), .payload_length = 0})), "7>9");
}

TEST(ParseLengths6, PayloadLengthBeyondTheFrameMeansTheFramesEnd) {
  EXPECT_EQ(PortsOf(V6({.payload = Ports(7, 9), .payload_length = 65535})), "7>9");
  EXPECT_EQ(PortsOf(V6({.payload = Cut(Ports(7, 9), 3), .payload_length = 65535})), "none");
}

}  // namespace
}  // namespace podmirror::oracle
