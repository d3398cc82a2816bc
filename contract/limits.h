// The numbers that the API promises (docs/aws.md says how they differ from AWS). The CRDs repeat them in YAML;
// tests/crds compares the two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace podmirror {

inline constexpr std::int64_t kMinNumber = 1;  // sessionNumber and ruleNumber
inline constexpr std::int64_t kMaxNumber = 32766;
inline constexpr std::int64_t kMaxVni = 16777215;         // 24 bits, RFC 7348 section 5
inline constexpr std::uint16_t kDefaultVxlanPort = 4789;  // IANA, RFC 7348 section 4
inline constexpr std::int64_t kMinPacketLength = 80;
inline constexpr std::int64_t kMaxPacketLength = 65535;
inline constexpr std::size_t kMaxRulesPerDirection = 256;     // of one filter
inline constexpr std::size_t kMaxSessionsPerPod = 16;         // active ones
inline constexpr std::size_t kMaxRulesPerPodDirection = 256;  // over all sessions of a pod and direction
inline constexpr std::size_t kMaxDocumentBytes = 1 << 20;     // one YAML file

}  // namespace podmirror
