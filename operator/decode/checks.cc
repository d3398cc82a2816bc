#include "operator/decode/checks.h"

#include <charconv>
#include <string>

#include "contract/ip.h"
#include "contract/names.h"
#include "operator/decode/kinds.h"
#include "operator/decode/syntax.h"

namespace podmirror::decode {
namespace {

template <typename T>
std::optional<Fault> FaultOf(const Result<T>& result) {
  if (result) return std::nullopt;
  return Fault{"", result.error().what, result.error().fix};
}

std::optional<Fault> Require(bool holds, const Node& value, std::string_view what, std::string_view fix) {
  if (holds) return std::nullopt;
  return Fault{"", Quote(value.text) + std::string(what), std::string(fix)};
}

// The number of a valid `protocol`; nullopt: Any, or absent.
std::optional<std::int64_t> ProtocolNumber(const Node* protocol) {
  if (protocol == nullptr) return std::nullopt;
  if (protocol->kind == Node::Kind::kInteger) return protocol->integer;
  const std::optional<Protocol> named = Protocol::FromName(protocol->text);
  return named ? std::optional<std::int64_t>(named->number) : std::nullopt;
}

}  // namespace

std::optional<Fault> CheckDnsLabel(const Node& value) {
  return Require(IsDnsLabel(value.text), value, " is not a name",
                 "write lower-case letters, digits and '-', beginning and ending with a letter or digit");
}

std::optional<Fault> CheckDnsSubdomain(const Node& value) {
  return Require(IsDnsSubdomain(value.text), value, " is not a name",
                 "write lower-case letters, digits and '-' or '.', beginning and ending with a letter or digit");
}

std::optional<Fault> CheckLabelKey(const Node& value) {
  return Require(
      IsLabelKey(value.text), value, " is not a label key",
      "write at most 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit, after "
      "an optional prefix such as example.org/");
}

std::optional<Fault> CheckLabelValue(const Node& value) {
  return Require(IsLabelValue(value.text), value, " is not a label value",
                 "write at most 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit");
}

std::optional<Fault> CheckLabels(const Node& value) {
  for (const auto& [key, member] : value.members) {
    Node name;
    name.text = key;
    if (std::optional<Fault> fault = CheckLabelKey(name)) return fault;
  }
  return std::nullopt;
}

std::optional<Fault> CheckRequirement(const Node& value) {
  const std::string& op = value.Find("operator")->text;
  const Node* values = value.Find("values");
  const bool has_values = values != nullptr && !values->items.empty();
  const bool needs_values = op == "In" || op == "NotIn";
  if (needs_values == has_values) return std::nullopt;
  return Fault{".values", "In and NotIn need values; Exists and DoesNotExist take none",
               needs_values ? "write values: [...] beside operator: " + op : "remove values, or write In or NotIn"};
}

std::optional<Fault> CheckInstant(const Node& value) { return FaultOf(ParseInstant(value.text)); }

std::optional<Fault> CheckAddress(const Node& value) { return FaultOf(IpAddress::Parse(value.text)); }

std::optional<Fault> CheckCidr(const Node& value) { return FaultOf(Cidr::Parse(value.text)); }

std::optional<Fault> CheckProtocol(const Node& value) {
  const std::string wanted = Join(kProtocolNames, ", ") + " or a number from 0 to 255 without quotes";
  if (value.kind == Node::Kind::kInteger) {
    if (value.integer >= 0 && value.integer <= kMaxProtocol) return std::nullopt;
    return Fault{"", value.text + " is not a protocol", "write " + wanted};
  }
  for (const std::string_view name : kProtocolNames) {
    if (value.text == name) return std::nullopt;
  }
  int number = -1;
  const char* end = value.text.data() + value.text.size();
  const auto [stop, status] = std::from_chars(value.text.data(), end, number);
  if (status == std::errc() && stop == end && number >= 0 && number <= kMaxProtocol) {
    return Fault{"", Quote(value.text) + " is a string", "write " + std::to_string(number) + " without quotes"};
  }
  const std::optional<std::string_view> nearest = Nearest(value.text, kProtocolNames);
  const bool same_but_case = nearest && nearest->size() == value.text.size();
  return Fault{"", Quote(value.text) + " is not a protocol",
               same_but_case ? "write " + std::string(*nearest) : "write " + wanted};
}

std::optional<Fault> CheckPortRange(const Node& value) {
  const std::int64_t from = value.Find("from")->integer;
  const Node* to = value.Find("to");
  return FaultOf(PortRange::Make(from, to == nullptr ? from : to->integer));
}

std::optional<Fault> CheckRule(const Node& value) {
  const Node* source = value.Find("sourceCIDR");
  const Node* destination = value.Find("destinationCIDR");
  if (source != nullptr && destination != nullptr &&
      Cidr::Parse(source->text)->family() != Cidr::Parse(destination->text)->family()) {
    return Fault{".destinationCIDR",
                 "sourceCIDR " + source->text + " and destinationCIDR " + destination->text + " must be of one family",
                 "write one rule for IPv4 and one for IPv6"};
  }
  const bool has_ports = value.Find("sourcePorts") != nullptr || value.Find("destinationPorts") != nullptr;
  if (!has_ports) return std::nullopt;
  const std::optional<std::int64_t> number = ProtocolNumber(value.Find("protocol"));
  if (number && Protocol{static_cast<std::uint8_t>(*number)}.has_ports()) return std::nullopt;
  return Fault{".protocol", "ports need protocol TCP, UDP or SCTP (protocol is Any when absent)",
               "set it, or remove sourcePorts and destinationPorts"};
}

std::optional<Fault> CheckAllowedNamespaces(const Node& value) {
  const Node* from = value.Find("from");
  const std::string named = from == nullptr ? "Same" : from->text;
  const bool has_selector = value.Find("selector") != nullptr;
  if ((named == "Selector") == has_selector) return std::nullopt;
  if (!has_selector) return Fault{"", "from is Selector", "say which namespaces with selector"};
  return Fault{"", "selector has no effect with from: " + named, "set from: Selector or remove selector"};
}

std::optional<Fault> CheckTarget(const Node& value) {
  const bool service = value.Find("service") != nullptr;
  const bool address = value.Find("address") != nullptr;
  if (service && address) {
    return Fault{"", "service and address exclude each other",
                 "keep service for collectors in this cluster, address for one outside"};
  }
  if (service || address) return std::nullopt;
  return Fault{"", "says nowhere to send",
               "set service (a UDP Service of this namespace) or address (an IP outside the cluster)"};
}

}  // namespace podmirror::decode
