// What a device makes of a frame that the kernel has not finished.
#include <algorithm>

#include "tests/datapath/traffic/tap.h"

namespace podmirror::testing {
namespace {

constexpr std::uint8_t kFin = 0x01, kPush = 0x08, kCwr = 0x80;
constexpr unsigned kTcp = 6, kUdp = 17, kIcmp = 1, kIcmp6 = 58;

unsigned Word(const Frame& frame, std::size_t at) { return frame.at(at) * 256u + frame.at(at + 1); }

void PutWord(Frame& frame, std::size_t at, std::size_t value) {
  frame.at(at) = static_cast<std::uint8_t>(value >> 8);
  frame.at(at + 1) = static_cast<std::uint8_t>(value);
}

// One's-complement sum, RFC 1071.
std::uint64_t Sum(const Frame& frame, std::size_t begin, std::size_t end, std::uint64_t sum = 0) {
  for (std::size_t i = begin; i < end; i += 2) sum += frame[i] * 256u + (i + 1 < end ? frame[i + 1] : 0u);
  return sum;
}

unsigned Fold(std::uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<unsigned>(sum);
}

// 0 means "no checksum" in UDP; the kernel writes the other zero for any protocol.
unsigned Checksum(std::uint64_t sum) { return Fold(sum) == 0xffff ? 0xffff : 0xffff - Fold(sum); }

// Where the network header begins, and its ethertype, behind any tags.
struct Network {
  std::size_t at = 14;
  unsigned type = 0;
};

Network FindNetwork(const Frame& frame) {
  Network found;
  while (frame.size() >= found.at) {
    found.type = Word(frame, found.at - 2);
    if (found.type != 0x8100 && found.type != 0x88a8) return found;
    found.at += 4;
  }
  found.type = 0;
  return found;
}

std::uint64_t PseudoHeader(const Frame& frame, const Network& network, unsigned protocol, std::size_t length) {
  const bool v4 = network.type == 0x0800;
  const std::size_t addresses = network.at + (v4 ? 12 : 8);
  return Sum(frame, addresses, addresses + (v4 ? 8 : 32), protocol + length);
}

void FinishIp(Frame& frame, const Network& network, std::size_t index) {
  if (network.type != 0x0800) return PutWord(frame, network.at + 4, frame.size() - network.at - 40);
  const std::size_t header = (frame[network.at] & 15) * 4u;
  PutWord(frame, network.at + 2, frame.size() - network.at);
  PutWord(frame, network.at + 4, Word(frame, network.at + 4) + index);  // each segment its own identifier
  PutWord(frame, network.at + 10, 0);
  PutWord(frame, network.at + 10, 0xffff - Fold(Sum(frame, network.at, network.at + header)));
}

void FinishTcp(Frame& frame, std::size_t at, std::size_t offset, bool first, bool last) {
  const std::size_t sequence = (Word(frame, at + 4) << 16) + Word(frame, at + 6) + offset;
  PutWord(frame, at + 4, sequence >> 16);
  PutWord(frame, at + 6, sequence);
  if (!last) frame[at + 13] &= static_cast<std::uint8_t>(~(kFin | kPush));
  if (!first) frame[at + 13] &= static_cast<std::uint8_t>(~kCwr);
}

std::vector<WireFrame> Segments(const Tapped& super) {
  const std::size_t at = super.checksum_from;
  const bool tcp = super.checksum_at - at == 16;
  const Network network = FindNetwork(super.bytes);
  const std::size_t headers = at + (tcp ? (super.bytes[at + 12] >> 4) * 4u : 8u);
  std::vector<WireFrame> segments;
  for (std::size_t from = headers; from < super.bytes.size(); from += super.segment) {
    const std::size_t to = std::min(from + super.segment, super.bytes.size());
    const auto begin = super.bytes.begin();
    Frame frame(begin, begin + static_cast<std::ptrdiff_t>(headers));
    frame.insert(frame.end(), begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to));
    FinishIp(frame, network, segments.size());
    if (tcp) {
      FinishTcp(frame, at, from - headers, from == headers, to == super.bytes.size());
    } else {
      PutWord(frame, at + 4, frame.size() - at);
    }
    PutWord(frame, super.checksum_at, 0);
    const std::size_t length = frame.size() - at;
    PutWord(frame, super.checksum_at,
            Checksum(Sum(frame, at, frame.size(), PseudoHeader(frame, network, tcp ? kTcp : kUdp, length))));
    segments.push_back({std::move(frame), super.checksum_at});
  }
  return segments;
}

bool IsExtension(unsigned next) { return next == 0 || next == 43 || next == 44 || next == 51 || next == 60; }

bool IsTunnel(unsigned protocol) { return protocol == 4 || protocol == 41 || protocol == 47 || protocol == 137; }

}  // namespace

std::vector<WireFrame> OnTheWire(const Tapped& tapped) {
  if (tapped.segment != 0) return Segments(tapped);
  WireFrame frame{tapped.bytes, tapped.checksum_at};
  if (tapped.checksum_from != 0) {
    PutWord(frame.bytes, frame.checksum_at, Checksum(Sum(frame.bytes, tapped.checksum_from, frame.bytes.size())));
  }
  return {frame};
}

std::size_t EndOfNetworkHeaders(const Frame& frame) {
  const Network network = FindNetwork(frame);
  if (network.type == 0x0800 && frame.size() >= network.at + 20) {
    if (IsTunnel(frame[network.at + 9])) return frame.size();
    return network.at + (frame[network.at] & 15) * 4u;
  }
  if (network.type != 0x86dd || frame.size() < network.at + 40) return network.at;
  std::size_t at = network.at + 40;
  unsigned next = frame[network.at + 6];
  while (IsExtension(next) && at + 8 <= frame.size()) {
    const unsigned kind = next;
    next = frame[at];
    at += kind == 44 ? 8u : kind == 51 ? (frame[at + 1] + 2u) * 4 : (frame[at + 1] + 1u) * 8;
  }
  return IsTunnel(next) ? frame.size() : at;
}

bool ChecksumsAreRight(const Frame& frame) {
  const Network network = FindNetwork(frame);
  const bool v4 = network.type == 0x0800;
  if (!v4 && network.type != 0x86dd) return true;
  const std::size_t l4 = network.at + (v4 ? (frame.at(network.at) & 15) * 4u : 40u);
  const std::size_t end = v4 ? network.at + Word(frame, network.at + 2) : l4 + Word(frame, network.at + 4);
  if (end > frame.size() || (v4 && Fold(Sum(frame, network.at, l4)) != 0xffff)) return false;
  if (v4 && (Word(frame, network.at + 6) & 0x3fff) != 0) return true;
  const unsigned protocol = frame[network.at + (v4 ? 9 : 6)];
  if (protocol == kIcmp) return Fold(Sum(frame, l4, end)) == 0xffff;
  if (protocol != kTcp && protocol != kUdp && protocol != kIcmp6) return true;
  if (protocol == kUdp && v4 && Word(frame, l4 + 6) == 0) return true;
  return Fold(Sum(frame, l4, end, PseudoHeader(frame, network, protocol, end - l4))) == 0xffff;
}

}  // namespace podmirror::testing
