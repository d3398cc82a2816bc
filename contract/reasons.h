// The reasons of conditions, sources and endpoints. They are API: users and alerts match on them.
#pragma once

#include <string_view>

namespace podmirror::reason {

// Objects: Accepted, ResolvedRefs, Ready, TargetReady, Programmed.
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kPriorityTie = "PriorityTie";
inline constexpr std::string_view kVniConflict = "VNIConflict";
inline constexpr std::string_view kSessionInvalid = "SessionInvalid";
inline constexpr std::string_view kFilterInvalid = "FilterInvalid";
inline constexpr std::string_view kBadCidr = "BadCIDR";
inline constexpr std::string_view kTargetInvalid = "TargetInvalid";
inline constexpr std::string_view kAddressNotAllowed = "AddressNotAllowed";
inline constexpr std::string_view kResolvedRefs = "ResolvedRefs";
inline constexpr std::string_view kFilterNotFound = "FilterNotFound";
inline constexpr std::string_view kTargetNotFound = "TargetNotFound";
inline constexpr std::string_view kTargetNotPermitted = "TargetNotPermitted";
inline constexpr std::string_view kNamespaceNotConsenting = "NamespaceNotConsenting";
inline constexpr std::string_view kServiceNotFound = "ServiceNotFound";
inline constexpr std::string_view kNotUdp = "NotUDP";
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kNoEndpoints = "NoEndpoints";
inline constexpr std::string_view kEndpointNotPermitted = "EndpointNotPermitted";
inline constexpr std::string_view kProgrammed = "Programmed";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kExpired = "Expired";
inline constexpr std::string_view kNotResolved = "NotResolved";
inline constexpr std::string_view kPartlyProgrammed = "PartlyProgrammed";
inline constexpr std::string_view kNodeUnreachable = "NodeUnreachable";  // also of sources
inline constexpr std::string_view kNoSources = "NoSources";
inline constexpr std::string_view kMtuTruncated = "MTUTruncated";

// Sources.
inline constexpr std::string_view kMirroring = "Mirroring";
inline constexpr std::string_view kHostNetwork = "HostNetwork";
inline constexpr std::string_view kIsCollector = "IsCollector";
inline constexpr std::string_view kIsPodmirror = "IsPodmirror";
inline constexpr std::string_view kSealed = "Sealed";
inline constexpr std::string_view kPodFinished = "PodFinished";  // not counted
inline constexpr std::string_view kTooManySessions = "TooManySessions";
inline constexpr std::string_view kTooManyRules = "TooManyRules";
inline constexpr std::string_view kInterfaceNotFound = "InterfaceNotFound";
inline constexpr std::string_view kUnsupportedInterface = "UnsupportedInterface";
inline constexpr std::string_view kNotFirst = "NotFirst";
inline constexpr std::string_view kNotProgrammed = "NotProgrammed";  // the kernel refused; the message says why

// Endpoints, per node.
inline constexpr std::string_view kNoRoute = "NoRoute";
inline constexpr std::string_view kNeighbourFailed = "NeighbourFailed";
inline constexpr std::string_view kNeighbourPending = "NeighbourPending";
inline constexpr std::string_view kUnsupportedEgress = "UnsupportedEgress";

}  // namespace podmirror::reason
