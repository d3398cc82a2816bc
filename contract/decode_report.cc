#include <algorithm>
#include <limits>

#include "contract/codec.h"
#include "contract/decode.h"
#include "contract/limits.h"

namespace podmirror {
namespace {

using json::Fields;
using json::Value;

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();  // the size of a message bounds them
constexpr std::size_t kMaxInterface = 15;                              // IFNAMSIZ without the final zero
constexpr std::size_t kMaxReason = 64;
constexpr std::size_t kMaxWord = 64;  // uname(2) has no longer ones

// Empty where the field is absent; it is not written then.
template <typename Read>
std::string ReadWord(Fields& fields, std::string_view name, Read read) {
  return fields
      .GetIfThere(name,
                  [&](const Value& value) {
                    std::string text = read(value);
                    if (text.empty()) value.Blame("is empty", "leave it out");
                    return text;
                  })
      .value_or("");
}

// It becomes a condition's reason.
std::string ReadReason(const Value& value) {
  std::string text = value.Text(kMaxReason);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!std::ranges::all_of(text, is_letter)) value.Blame(json::Quote(text) + " is not a reason");
  return text;
}

std::string ReadInterface(const Value& value) { return value.Text(kMaxInterface); }

template <typename Report>
void ReadReasonAndMessage(Fields& fields, Report& report) {
  report.reason = ReadWord(fields, "reason", ReadReason);
  report.message = ReadWord(fields, "message", [](const Value& v) { return v.Text(kMaxReportMessageBytes); });
}

SourceReport ReadSource(const Value& value) {
  Fields fields(value);
  SourceReport source;
  source.pod = fields.Get("pod", json::ReadReference);
  source.interface = ReadWord(fields, "interface", ReadInterface);
  ReadReasonAndMessage(fields, source);
  return source;
}

EndpointReport ReadEndpoint(const Value& value) {
  Fields fields(value);
  EndpointReport endpoint;
  endpoint.endpoint = fields.Get("endpoint", json::ReadSocket);
  ReadReasonAndMessage(fields, endpoint);
  return endpoint;
}

TruncationReport ReadTruncation(const Value& value) {
  Fields fields(value);
  const auto mtu = [](const Value& v) {
    return static_cast<std::uint32_t>(v.Number(0, std::numeric_limits<std::uint32_t>::max()));
  };
  TruncationReport truncation;
  truncation.session = fields.Get("session", json::ReadReference);
  truncation.interface = fields.Get("interface", ReadInterface);
  truncation.mtu = fields.Get("mtu", mtu);
  truncation.needed_mtu = fields.Get("neededMTU", mtu);
  return truncation;
}

template <typename Read, typename Key>
auto ReadList(Fields& fields, std::string_view name, Read read, Key key) {
  return fields.Get(name, [&](const Value& value) {
    auto list = value.List(kAny, read);
    value.CheckAscending(list, key);
    return list;
  });
}

NodeReport ReadReport(const Value& value) {
  Fields fields(value);
  NodeReport report;
  report.sources = ReadList(fields, "sources", ReadSource, [](const SourceReport& r) { return r.pod; });
  report.endpoints = ReadList(fields, "endpoints", ReadEndpoint, [](const EndpointReport& r) { return r.endpoint; });
  report.truncations =
      ReadList(fields, "truncations", ReadTruncation, [](const TruncationReport& r) { return r.session; });
  return report;
}

}  // namespace

Result<ReportMessage> DecodeReportMessage(std::string_view text) {
  const Result<json::Json> document = json::Parse(text, kMaxReportBytes);
  if (!document.has_value()) return std::unexpected(document.error());
  std::optional<Error> fault;
  ReportMessage message;
  {
    const auto word = [](const Value& v) { return v.Text(kMaxWord); };
    const Value root(*document, fault);
    Fields fields(root);
    json::CheckVersion(fields);
    message.applied = fields.GetIfThere("applied", json::ReadRevision);
    message.agent_version = fields.Get("agentVersion", word);
    message.kernel = fields.Get("kernel", word);
    message.attach_mode = fields.Get("attachMode", word);
    message.report = fields.Get("report", ReadReport);
  }
  if (fault.has_value()) return std::unexpected(std::move(*fault));
  return message;
}

}  // namespace podmirror
