// What a schema cannot say about a value by itself (Schema::check).
#pragma once

#include <optional>

#include "operator/decode/schema.h"

namespace podmirror::decode {

std::optional<Fault> CheckDnsLabel(const Node& value);
std::optional<Fault> CheckDnsSubdomain(const Node& value);
std::optional<Fault> CheckLabelKey(const Node& value);
std::optional<Fault> CheckLabelValue(const Node& value);
std::optional<Fault> CheckLabels(const Node& value);       // the keys of a map
std::optional<Fault> CheckRequirement(const Node& value);  // In and NotIn need values, the others take none
std::optional<Fault> CheckInstant(const Node& value);
std::optional<Fault> CheckAddress(const Node& value);
std::optional<Fault> CheckCidr(const Node& value);
std::optional<Fault> CheckProtocol(const Node& value);
std::optional<Fault> CheckPortRange(const Node& value);          // from <= to
std::optional<Fault> CheckRule(const Node& value);               // one family, ports only with protocols that have some
std::optional<Fault> CheckAllowedNamespaces(const Node& value);  // a selector with from: Selector, and only there
std::optional<Fault> CheckTarget(const Node& value);             // exactly one of service and address

}  // namespace podmirror::decode
