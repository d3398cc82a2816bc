// A document before it is understood: what YAML and JSON have in common, with positions. Strict by construction:
// duplicate keys, aliases, merge keys, complex keys, too deep or too many nodes are errors of the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/result.h"

namespace podmirror::decode {

struct Position {
  int line = 0;  // 1-based; 0: unknown (JSON off a wire)
  int column = 0;
};

struct Member;

struct Node {
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kFloat, kString, kList, kMap };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;  // kString: the value. Other scalars: as written
  std::vector<Node> items;
  std::vector<Member> members;  // in the order written; keys unique
  Position position;

  const Node* Find(std::string_view key) const;  // nullptr: absent, or not a map
  std::string_view KindName() const;             // "a list", "a number", ... for messages
};

struct Member {
  std::string key;
  Node value;
};

// One YAML stream; empty documents are left out. Error::where is "line:column". Limits: kMaxDocumentBytes,
// depth 64, 200,000 nodes. Scalars by the YAML 1.2 core schema; a plain scalar that YAML 1.1 reads differently
// (yes, no, on, off, 017, 1_000, 12:30:45) is refused with "quote it".
Result<std::vector<Node>> ReadYaml(std::string_view bytes);

// One JSON value. The same limits but for the size, which the caller bounds.
Result<Node> ReadJson(std::string_view text);

}  // namespace podmirror::decode
