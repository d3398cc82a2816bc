// Any bytes: parser, matcher and hash against the reference. The first byte says whether the outermost tag stands
// beside the bytes, and which of the worlds judges the frame.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/oracle/product.h"
#include "tests/oracle/random_rules.h"

namespace podmirror::oracle {
namespace {

std::vector<World> MakeWorlds() {
  Random random(1);
  std::vector<World> worlds;
  for (int i = 0; i < 128; ++i) worlds.push_back(RandomWorld(random));
  return worlds;
}

void Check(const World& world, const Frame& frame) {
  const Outcome outcome = RunNative(world, frame);
  const std::string difference = Difference(world, Read(frame.wire), outcome);
  if (difference.empty()) return;
  std::fprintf(stderr, "the reference disagrees: %s\n%s\n", difference.c_str(), Hex(frame.wire).c_str());
  std::abort();
}

}  // namespace
}  // namespace podmirror::oracle

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror::oracle;
  static const std::vector<World> worlds = MakeWorlds();
  if (size == 0) return 0;
  Check(worlds[data[0] / 2], {Octets(data + 1, data + size), data[0] % 2 == 1});
  return 0;
}
