// Random frames of every shape that the API's parsing text names.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "tests/oracle/frames.h"
#include "tests/oracle/random.h"
#include "tests/oracle/reference.h"

namespace podmirror::oracle {

// How often each shape occurred; starts with every shape at 0.
class Coverage {
 public:
  Coverage();

  void Note(std::string_view shape);
  void NoteReading(const Frame& frame, const Reading& reading);
  // Shapes that never occurred, by name.
  std::vector<std::string_view> Missing() const;

 private:
  std::map<std::string_view, std::uint64_t> counts_;
};

// At most kMaxWire bytes, so that the kernel's test run takes it in one page.
inline constexpr std::size_t kMaxWire = 3000;
Frame RandomFrame(Random& random, Coverage& coverage);

}  // namespace podmirror::oracle
