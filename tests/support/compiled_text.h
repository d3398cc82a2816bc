// What Compile() gives, as JSON text: for golden files and byte-for-byte comparison.
#pragma once

#include <string>

#include "operator/compile/compile.h"

namespace podmirror::testing {

std::string TextOf(const compile::Compiled& compiled);

}  // namespace podmirror::testing
