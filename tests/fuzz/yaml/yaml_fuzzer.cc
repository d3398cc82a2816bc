// Any bytes, read as YAML and as JSON and then decoded: an answer that keeps the readers' promises, or an Error that
// says something; never an exception, a crash or a long wait.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string_view>

#include "contract/limits.h"
#include "operator/decode/decode.h"
#include "operator/decode/node.h"

namespace podmirror::decode {
namespace {

void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken promise: " << promise << "\n";
  std::abort();
}

void RequireSaysSomething(const Error& error) { Require(!error.what.empty(), "an error says what is wrong"); }

// Returns the number of nodes.
std::size_t Walk(const Node& node, int depth, bool positioned) {
  Require(depth <= 64 || (node.items.empty() && node.members.empty()), "at most 64 deep");
  Require(!positioned || (node.position.line > 0 && node.position.column > 0), "every YAML node has a position");
  std::size_t nodes = 1;
  for (const Node& item : node.items) nodes += Walk(item, depth + 1, positioned);
  std::set<std::string_view> keys;
  for (const auto& [key, value] : node.members) {
    Require(keys.insert(key).second, "keys are unique");
    nodes += Walk(value, depth + 1, positioned);
  }
  return nodes;
}

void RequireSorted(const std::vector<Rule>& rules) {
  Require(rules.size() <= kMaxRulesPerDirection, "at most 256 rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Require(i == 0 || rules[i - 1].number < rules[i].number, "rules are sorted and unique");
    const bool ports = rules[i].source_ports || rules[i].destination_ports;
    Require(!ports || (rules[i].protocol && rules[i].protocol->has_ports()), "ports only where a protocol has some");
  }
}

struct Inspect {
  void operator()(const api::TrafficMirrorFilter& filter) const {
    if (!filter.spec) return RequireSaysSomething(filter.spec.error().error);
    RequireSorted(filter.spec->ingress);
    RequireSorted(filter.spec->egress);
  }
  void operator()(const api::TrafficMirrorTarget& target) const {
    if (!target.spec) return RequireSaysSomething(target.spec.error().error);
    Require(target.spec->service.has_value() != target.spec->address.has_value(), "exactly one of service and address");
  }
  void operator()(const api::TrafficMirrorSession& session) const {
    if (!session.spec) return RequireSaysSomething(session.spec.error().error);
    Require(session.spec->number >= kMinNumber && session.spec->number <= kMaxNumber, "session numbers are in range");
    Require(!session.spec->filter.empty() && !session.spec->target.empty(), "a session names a filter and a target");
  }
  void operator()(const auto&) const {}
};

void DecodeAndInspect(const Node& document) {
  const Result<Decoded> decoded = Decode(document);
  if (!decoded) return RequireSaysSomething(decoded.error());
  std::visit(Inspect{}, *decoded);
}

}  // namespace
}  // namespace podmirror::decode

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror::decode;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto documents = ReadYaml(text)) {
    std::size_t nodes = 0;
    for (const Node& document : *documents) {
      nodes += Walk(document, 1, true);
      DecodeAndInspect(document);
    }
    Require(nodes <= 200'000, "at most 200,000 nodes");
  } else {
    RequireSaysSomething(documents.error());
  }
  if (const auto document = ReadJson(text)) {
    Walk(*document, 1, false);
    DecodeAndInspect(*document);
  } else {
    RequireSaysSomething(document.error());
  }
  return 0;
}
