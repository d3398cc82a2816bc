// The YAML files that these tests read.
#pragma once

#include <string>
#include <vector>

#include "operator/decode/node.h"

namespace podmirror::crds {

inline const std::string kRoot = PODMIRROR_SOURCE_DIR "/";

std::string ReadFile(const std::string& path);                  // fails the test where it cannot be read
std::vector<std::string> YamlFiles(const std::string& folder);  // names, sorted
decode::Node ReadDocument(const std::string& path);             // the only document of a file

}  // namespace podmirror::crds
