// Frames that no socket sends: tags, options, extension headers, tunnels, and what is not right.
#include "tests/datapath/traffic/variants.h"

namespace podmirror::testing {
namespace {

using oracle::Ethernet;
using oracle::Extension;
using oracle::Ipv4;
using oracle::Ipv6;
using oracle::Octets;
using oracle::Ports;
using oracle::Zeros;

// Inner payloads: short ones, and ones that every cut shortens.
constexpr std::size_t kSizes[] = {4, 40, 1100};

Octets Payload(std::size_t size, unsigned source = 4000) {
  Octets payload = Ports(source, 5000, size);
  for (std::size_t i = 4; i < payload.size(); ++i) payload[i] = PatternAt(i + size);
  return payload;
}

std::vector<Frame> Ipv4Frames(std::size_t size) {
  std::vector<Frame> frames;
  for (const unsigned protocol : {1u, 6u, 17u, 132u, 50u, 51u, 255u, 0u}) {
    frames.push_back(Ethernet(0x0800, Ipv4{.protocol = protocol, .payload = Payload(size)}.Build()));
  }
  for (std::size_t words = 1; words <= 10; ++words) {
    for (const unsigned protocol : {17u, 6u, 132u}) {
      frames.push_back(Ethernet(
          0x0800, Ipv4{.protocol = protocol, .payload = Payload(size), .options = Octets(words * 4, 1)}.Build()));
    }
  }
  // Fragments; lengths that are short, absent, and beyond the frame.
  frames.push_back(Ethernet(0x0800, Ipv4{.payload = Payload(size), .more_fragments = true}.Build()));
  frames.push_back(Ethernet(0x0800, Ipv4{.payload = Payload(size), .fragment_offset = 100}.Build()));
  for (const unsigned length : {0u, 10u, 22u, 65535u}) {
    frames.push_back(Ethernet(0x0800, Ipv4{.payload = Payload(size), .total_length = length}.Build()));
  }
  return frames;
}

std::vector<Frame> Ipv6Frames(std::size_t size) {
  std::vector<Frame> frames;
  for (const unsigned protocol : {6u, 17u, 132u, 58u, 59u, 135u}) {
    frames.push_back(Ethernet(0x86dd, Ipv6{.protocol = protocol, .payload = Payload(size)}.Build()));
  }
  for (const unsigned kind : {0u, 43u, 44u, 51u, 60u}) {
    for (const std::size_t count : {1u, 2u, 4u, 8u, 9u}) {
      for (const unsigned length : {0u, 3u}) {
        const std::vector<Extension> extensions(count, Extension{.kind = kind, .length = length});
        frames.push_back(Ethernet(0x86dd, Ipv6{.extensions = extensions, .payload = Payload(size)}.Build()));
      }
    }
  }
  frames.push_back(Ethernet(0x86dd, Ipv6{.extensions = {oracle::Fragment(0, true)}, .payload = Payload(size)}.Build()));
  frames.push_back(
      Ethernet(0x86dd, Ipv6{.extensions = {oracle::Fragment(7, false)}, .payload = Payload(size)}.Build()));
  return frames;
}

std::vector<Frame> Tunnels(std::size_t size) {
  const Octets v4 = Ipv4{.payload = Payload(size)}.Build();
  const Octets v6 = Ipv6{.payload = Payload(size)}.Build();
  return {Ethernet(0x0800, Ipv4{.protocol = 4, .payload = v4}.Build()),
          Ethernet(0x0800, Ipv4{.protocol = 41, .payload = v6}.Build()),
          Ethernet(0x86dd, Ipv6{.protocol = 41, .payload = v6}.Build()),
          Ethernet(0x86dd, Ipv6{.protocol = 4, .payload = v4}.Build()),
          Ethernet(0x0800, Ipv4{.protocol = 47, .payload = oracle::Join({{0, 0, 8, 0}, v4})}.Build())};
}

std::vector<Frame> Tagged(std::size_t size) {
  const std::pair<unsigned, Octets> packets[] = {
      {0x0800, Ipv4{.payload = Payload(size)}.Build()},
      {0x0800, Ipv4{.protocol = 6, .payload = Payload(size), .options = Octets(8, 1)}.Build()},
      {0x86dd, Ipv6{.payload = Payload(size)}.Build()},
      {0x0806, oracle::Join({oracle::Arp({10, 0, 0, 1}, {10, 0, 0, 2}), Zeros(size)})}};
  const std::vector<unsigned> stacks[] = {{},
                                          {0x8100},
                                          {0x88a8},
                                          {0x8100, 0x8100},
                                          {0x88a8, 0x8100},
                                          {0x8100, 0x88a8},
                                          {0x88a8, 0x88a8},
                                          {0x88a8, 0x8100, 0x8100},
                                          {0x9100},
                                          {0x8100, 0x9100}};
  std::vector<Frame> frames;
  for (const auto& [type, packet] : packets) {
    for (const auto& tags : stacks) frames.push_back(Ethernet(type, packet, tags));
  }
  return frames;
}

std::vector<Frame> Odd(std::size_t size) {
  Octets short_v4 = Ipv4{.payload = {}}.Build();
  short_v4.resize(18);
  Octets short_v6 = Ipv6{.payload = {}}.Build();
  short_v6.resize(39);
  const Octets arp = oracle::Arp({10, 0, 0, 1}, {10, 0, 0, 2}, 2);
  return {// malformed
          Ethernet(0x0800, Ipv4{.payload = Payload(size), .header_words = 4}.Build()),
          Ethernet(0x0800, Ipv4{.payload = Payload(size), .version = 6}.Build()),
          Ethernet(0x86dd, Ipv6{.payload = Payload(size), .version = 4}.Build()),
          Ethernet(0x0800, Ipv4{.payload = {}, .header_words = 15}.Build()), Ethernet(0x0800, short_v4),
          Ethernet(0x86dd, short_v6), Ethernet(0x0800, short_v4, {0x8100}),
          // no IP: LLC, SNAP, LLDP, MPLS, nothing at all
          Ethernet(static_cast<unsigned>(size), oracle::Join({{0x42, 0x42, 3}, Zeros(size)})),
          Ethernet(60, oracle::Join({{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, Ipv4{.payload = Payload(size)}.Build()})),
          Ethernet(0x88cc, Zeros(size)), Ethernet(0x8847, Zeros(size)), Ethernet(0x0800, {}), Ethernet(0x1234, {}),
          // ARP: bare, padded, not for Ethernet, too short
          Ethernet(0x0806, arp), Ethernet(0x0806, oracle::Join({arp, Zeros(18)})),
          Ethernet(0x0806, {0, 6, 8, 0, 8, 4, 0, 1, 1, 2, 3, 4}), Ethernet(0x0806, {}),
          // padding behind the payload
          Ethernet(0x0800, oracle::Join({Ipv4{.payload = {1, 2}}.Build(), Octets(24, 0x5a)}))};
}

class RawTest : public VariantTest {};
PODMIRROR_FOR_ALL_VARIANTS(RawTest);

TEST_P(RawTest, FramesOfEveryShapeArriveAsTheyWere) {
  MirrorAll(target(), length());
  for (const std::size_t size : kSizes) {
    for (const auto& make : {Ipv4Frames, Ipv6Frames, Tunnels, Tagged, Odd}) {
      for (const Frame& frame : make(size)) SendBothWays(frame);
    }
    TakeFrames();
  }
  Check();
  for (const Direction direction : kDirections) {
    EXPECT_GE(InterfaceTerm(direction, "malformed"), 7);
    EXPECT_GE(InterfaceTerm(direction, "non_ip"), 7);
    EXPECT_EQ(Term(name(), direction, "mtu_truncated"), 0);
    EXPECT_EQ(Term(name(), direction, "cut_late") > 0, length() == 80 || length() == 128);
  }
}

}  // namespace
}  // namespace podmirror::testing
