// The specs of our three kinds. crds/ repeats them in YAML.
#pragma once

#include <array>
#include <string_view>

#include "operator/decode/schema.h"

namespace podmirror::decode {

inline constexpr std::string_view kGroup = "podmirror.io";
inline constexpr std::string_view kApiVersion = "podmirror.io/v1alpha1";
inline constexpr std::string_view kFilterKind = "TrafficMirrorFilter";
inline constexpr std::string_view kTargetKind = "TrafficMirrorTarget";
inline constexpr std::string_view kSessionKind = "TrafficMirrorSession";

inline constexpr std::array<std::string_view, 6> kProtocolNames = {"TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "Any"};
inline constexpr std::int64_t kMaxProtocol = 255;

const Schema& FilterSchema();
const Schema& TargetSchema();
const Schema& SessionSchema();

}  // namespace podmirror::decode
