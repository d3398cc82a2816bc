// Any bytes as a report from a node that somebody else may own by now.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/messages/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror;
  const auto decoded = DecodeReportMessage(std::string_view(reinterpret_cast<const char*>(data), size));
  RequireOneWriting(decoded, DecodeReportMessage);
  return 0;
}
