// Lines on stderr.
#pragma once

#include <string>

namespace podmirror::process {

// One write() a line, so that lines of several threads and processes do not mix. Nobody to read it: no harm.
void WriteLine(std::string line);

}  // namespace podmirror::process
