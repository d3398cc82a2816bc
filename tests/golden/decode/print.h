// Decoded objects as text, one field a line, for golden files.
#pragma once

#include <string>

#include "operator/decode/decode.h"

namespace podmirror::golden {

std::string Print(const Result<decode::Decoded>& decoded);

}  // namespace podmirror::golden
