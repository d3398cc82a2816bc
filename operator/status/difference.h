// Whether a status has to be written at all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "contract/names.h"

namespace podmirror::status {

// The status to write, or nullopt where `known` says the same already. lastTransitionTime of a condition is kept where
// its status did not change, and `now` otherwise. Conditions that others added are none of our business.
std::optional<std::string> Difference(const std::string& known, const std::string& wanted, Instant now);

// Of which generation `status` (JSON) speaks; nullopt: of none.
std::optional<std::int64_t> ObservedGeneration(const std::string& status);

// A server whose CRD is older refuses a whole status because of one field ("failed to create typed patch object (...):
// .status.sources.held: field not declared in schema"): the fields that it names, without indices ("sources.held").
std::set<std::string> UndeclaredFields(std::string_view message);
// `status` (JSON) without them.
std::string Without(const std::string& status, const std::set<std::string>& fields);

}  // namespace podmirror::status
