// A golden case: YAML documents as a user and Kubernetes wrote them, and the settings to compile them with.
#pragma once

#include <string>
#include <vector>

#include "contract/result.h"
#include "operator/compile/compile.h"
#include "operator/decode/node.h"
#include "operator/store/store.h"

namespace podmirror::golden {

inline constexpr const char* kFolder = PODMIRROR_SOURCE_DIR "/tests/golden/compile";

std::string ReadFile(const std::string& path);  // empty where there is none
void WriteFile(const std::string& path, const std::string& text);

// True where the environment asks to write the expected files anew: PODMIRROR_REGENERATE=1.
bool Updating();

// Decodes, stores and compiles. A document of kind Settings may say `now` (else 2026-06-01T00:00:00Z),
// `allowedTargetCIDRs`, `dnsService` (namespace/name) and `nodeLocalDNS`. Result: testing::TextOf().
Result<std::string> CompileCase(const std::vector<decode::Node>& documents);

// Compares with the expected file, or writes it where Updating(). Empty: equal; else what to do.
std::string Check(const std::string& path, const std::string& actual);

}  // namespace podmirror::golden
