// TCP with super-frames, and super-frames of UDP datagrams.
#include "tests/datapath/traffic/variants.h"

namespace podmirror::testing {
namespace {

constexpr std::size_t kStream = 4 << 20;

class StreamsTest : public VariantTest {};
PODMIRROR_FOR_ALL_VARIANTS(StreamsTest);

TEST_P(StreamsTest, SuperFramesArriveAsWireSegments) {
  MirrorAll(target(), length());
  for (const Ends& ends : Conversations()) {
    Expect(Stream(ends, kStream, Taking()));
    for (const std::size_t segment : {100u, 1000u, 1400u}) Expect(UdpSuperFrame(ends, 20 * segment - 50, segment));
  }
  Check();
  ExpectRightChecksums();
  for (const Direction direction : kDirections) {
    EXPECT_GT(Term(name(), direction, "wire_sent"), 2 * Term(name(), direction, "mirrored")) << "few super-frames";
  }
}

}  // namespace
}  // namespace podmirror::testing
