// What the pod has encapsulated itself, by a real vxlan device.
#include "tests/datapath/traffic/variants.h"

namespace podmirror::testing {
namespace {

class TunnelTest : public VariantTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(VariantTest::SetUp());
    Shell(R"(
      add() {
        ip -n $1 link add vx0 address 02:00:00:00:03:0$2 type vxlan id 5 local 10.1.0.$2 remote 10.1.0.$3 dstport 4790 dev eth0
        ip -n $1 link set vx0 mtu 1450 addrgenmode none up
        ip -n $1 addr add 10.3.0.$2/24 dev vx0
        ip -n $1 addr add fd03::$2/64 dev vx0 nodad
        for to in 10.3.0.$3 fd03::$3; do ip -n $1 neigh replace $to lladdr 02:00:00:00:03:0$3 dev vx0; done
      }
      add pod 2 3
      add peer 3 2
    )");
  }
  std::vector<Ends> Tunnels() const {
    return {{"pod", "10.3.0.2", "peer", "10.3.0.3"}, {"peer", "fd03::3", "pod", "fd03::2"}};
  }
};
PODMIRROR_FOR_ALL_VARIANTS(TunnelTest);

TEST_P(TunnelTest, FramesArriveAndSuperFramesAreCountedAsDropped) {
  MirrorAll(target(), length());
  for (const Ends& ends : Tunnels()) {
    Expect(Datagrams(ends, {0, 1, 100, 500, 1000, 1402, 1422, 3000}, Taking()));
    for (const std::size_t size : {0u, 56u, 1000u, 1402u}) Expect(Echo(ends, 1, size));
  }
  Check();
  for (const Direction direction : kDirections) {
    EXPECT_GT(Term(name(), direction, "mirrored"), 0);
    EXPECT_EQ(Term(name(), direction, "drop_encap"), 0);
  }

  Forget();
  for (const Ends& ends : Tunnels()) {
    Expect(UdpSuperFrame(ends, 9500, 1000));
    Expect(Stream(ends, 1 << 20, Taking()));
  }
  Check();
  for (const Direction direction : kDirections) EXPECT_GT(Term(name(), direction, "drop_encap"), 1);
}

}  // namespace
}  // namespace podmirror::testing
