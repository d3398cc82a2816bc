// One text for one value, whatever wrote it: compact JSON, the keys of maps sorted by bytes.
#pragma once

#include <string>

#include "operator/decode/node.h"

namespace podmirror::decode {

// Escapes as little as JSON allows. Numbers stay as they were written.
std::string CanonicalJson(const Node& node);

}  // namespace podmirror::decode
