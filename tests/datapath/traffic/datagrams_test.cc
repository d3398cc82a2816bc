// UDP of every size, and ICMP, with fragments of both families.
#include "tests/datapath/traffic/variants.h"

namespace podmirror::testing {
namespace {

constexpr std::size_t kLargest = 9000;
constexpr std::size_t kRound = 1500;  // sizes that are compared at once, for the memory's sake

class DatagramsTest : public VariantTest {};
PODMIRROR_FOR_ALL_VARIANTS(DatagramsTest);

TEST_P(DatagramsTest, DatagramsAndEchoesArriveWithAllTheirFragments) {
  MirrorAll(target(), length());
  std::vector<std::size_t> sizes = {0, 1, 17, 18, 19, 20, 1472, 1473, 8972, kLargest};
  for (std::size_t size = 31; size < kLargest; size += 331) sizes.push_back(size);
  std::uint16_t number = 0;
  for (const Ends& ends : Conversations()) {
    Expect(Datagrams(ends, sizes, Taking()));
    for (const std::size_t size : {0u, 17u, 56u, 1452u, 1472u, 3000u}) Expect(Echo(ends, ++number, size));
  }
  Check();
  ExpectRightChecksums();
}

class EverySizeTest : public TrafficWorld {
 protected:
  void SetUp() override {}

  // One conversation for each way, of different families.
  void SendEverySize(const std::vector<Ends>& conversations) {
    for (std::size_t first = 0; first <= kLargest; first += kRound) {
      Forget();
      std::vector<std::size_t> sizes;
      for (std::size_t size = first; size < first + kRound && size <= kLargest; ++size) sizes.push_back(size);
      for (const Ends& ends : conversations) Expect(Datagrams(ends, sizes, Taking()));
      Check();
      ExpectRightChecksums();
      if (HasFailure()) return;
    }
  }
};

TEST_F(EverySizeTest, ArrivesInFragmentsOfAnOrdinaryMtu) {
  Build({});
  MirrorAll("far");
  const auto all = Conversations();
  SendEverySize({all[0], all[3]});
}

TEST_F(EverySizeTest, ArrivesWholeOnJumboPaths) {
  Build({.pod = 9100, .path = 9200});
  MirrorAll("far");
  const auto all = Conversations();
  SendEverySize({all[1], all[2]});
}

TEST_F(EverySizeTest, ArrivesAtACollectorOnTheSameNode) {
  Build({.pod = 9100, .path = 9200});
  MirrorAll("near");
  const auto all = Conversations();
  SendEverySize({all[0], all[3]});
}

}  // namespace
}  // namespace podmirror::testing
