#include "tests/golden/compile/case.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <type_traits>

#include "operator/decode/decode.h"
#include "tests/support/compiled_text.h"

namespace podmirror::golden {
namespace {

using decode::Node;

struct Input {
  store::Store store;
  compile::Settings settings;
  Instant now = ParseInstant("2026-06-01T00:00:00Z").value();
};

// A settings document is part of the test: a fault in it is a fault of the author, so .value() may throw.
void ReadSettings(const Node& document, Input& input) {
  for (const auto& [field, node] : document.members) {
    if (field == "kind") continue;
    if (field == "now") {
      input.now = ParseInstant(node.text).value();
    } else if (field == "allowedTargetCIDRs") {
      for (const Node& item : node.items) input.settings.allowed_target_cidrs.push_back(Cidr::Parse(item.text).value());
    } else if (field == "dnsService") {
      const std::size_t slash = node.text.find('/');
      input.settings.dns_service = {node.text.substr(0, slash), node.text.substr(slash + 1)};
    } else if (field == "priorityNamespaces") {
      for (const Node& item : node.items) input.settings.priority_namespaces.insert(item.text);
    } else if (field == "ownNamespace") {
      input.settings.own_namespace = node.text;
    } else if (field == "nodeLocalDNS") {
      input.settings.node_local_dns.clear();
      for (const Node& item : node.items) input.settings.node_local_dns.push_back(IpAddress::Parse(item.text).value());
    } else {
      throw std::invalid_argument("Settings: unknown field " + field);
    }
  }
}

Result<void> ReadDocument(const Node& document, Input& input) {
  if (const Node* kind = document.Find("kind"); kind != nullptr && kind->text == "Settings") {
    ReadSettings(document, input);
    return {};
  }
  Result<decode::Decoded> decoded = decode::Decode(document);
  if (!decoded) return std::unexpected(decoded.error());
  return std::visit(
      [&]<typename T>(T&& object) -> Result<void> {
        if constexpr (std::is_same_v<std::decay_t<T>, decode::OtherKind>) {
          return Fail("kind " + object.kind + " has no place in a golden case");
        } else {
          input.store.Put(std::forward<T>(object));
          return {};
        }
      },
      *std::move(decoded));
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

bool Updating() { return std::getenv("PODMIRROR_REGENERATE") != nullptr; }

Result<std::string> CompileCase(const std::vector<Node>& documents) {
  Input input;
  for (const Node& document : documents) {
    if (auto read = ReadDocument(document, input); !read) return std::unexpected(read.error());
  }
  return testing::TextOf(compile::Compile(input.store.Snapshot(input.now), input.settings));
}

std::string Check(const std::string& path, const std::string& actual) {
  if (Updating()) {
    WriteFile(path, actual);
    return {};
  }
  const std::string expected = ReadFile(path);
  if (expected == actual) return {};
  std::istringstream left(expected), right(actual);
  std::string a, b;
  int line = 0;
  do {
    ++line;
    a = b = "(end)";
    std::getline(left, a);
    std::getline(right, b);
  } while (a == b);
  return path + ":" + std::to_string(line) + (expected.empty() ? " is missing or empty" : " differs") +
         "\n  expected " + a + "\n  actual   " + b +
         "\nRun with PODMIRROR_REGENERATE=1, then read the difference before you commit it";
}

}  // namespace podmirror::golden
