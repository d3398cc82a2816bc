// Values as JSON: for golden files and `podmirror compile`, for the stream between operator and agent, and for the
// state that an agent keeps on disk. Equal values encode to equal bytes (keys in a fixed order).
//
// Decoding is strict: what arrives off a wire is hostile until it is decoded. An unknown field, a wrong type, a value
// out of range, a duplicate key, a list that is not sorted as its value demands, a reference that leads nowhere
// (a session of a source that is not in `sessions`) or another version is an Error whose `where` is the path
// ("sources[3].ingress[0]"). No input crashes or allocates more than a small multiple of its own size.
#pragma once

#include <string>
#include <string_view>

#include "contract/desired_state.h"
#include "contract/messages.h"
#include "contract/node_report.h"
#include "contract/result.h"

namespace podmirror {

// With two spaces of indent and a newline at the end, for people.
std::string Encode(const DesiredState& state);
std::string Encode(const NodeReport& report);

// On one line, with the field `version`, for machines.
std::string Encode(const StateMessage& message);
std::string Encode(const ReportMessage& message);

Result<StateMessage> DecodeStateMessage(std::string_view text);
Result<ReportMessage> DecodeReportMessage(std::string_view text);

}  // namespace podmirror
