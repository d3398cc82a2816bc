// What a plain (unquoted) YAML scalar means.
#pragma once

#include <string_view>

#include "operator/decode/node.h"

namespace podmirror::decode {

// By the core schema of YAML 1.2 (section 10.3.2). Integers beyond 64 bits become kFloat.
Node ResolvePlain(std::string_view text);

// YAML 1.1 and 1.2 read it differently, and so do the programs that read this file: yes, on, 017, 1_000, 12:30:45.
bool IsAmbiguous(std::string_view text);

}  // namespace podmirror::decode
