#include "operator/decode/canonical.h"

#include <algorithm>
#include <string_view>

namespace podmirror::decode {
namespace {

void WriteEscape(unsigned char byte, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kShort = "\bb\ff\nn\rr\tt\"\"\\\\";
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (static_cast<unsigned char>(kShort[i]) != byte) continue;
    out += '\\';
    out += kShort[i + 1];
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void WriteText(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      WriteEscape(byte, out);
    } else {
      out += c;
    }
  }
  out += '"';
}

void Write(const Node& node, std::string& out);

void WriteList(const Node& list, std::string& out) {
  out += '[';
  for (const Node& item : list.items) {
    if (&item != &list.items.front()) out += ',';
    Write(item, out);
  }
  out += ']';
}

void WriteMap(const Node& map, std::string& out) {
  std::vector<const Member*> members;
  members.reserve(map.members.size());
  for (const Member& member : map.members) members.push_back(&member);
  std::ranges::sort(members, {}, &Member::key);
  out += '{';
  for (const Member* member : members) {
    if (member != members.front()) out += ',';
    WriteText(member->key, out);
    out += ':';
    Write(member->value, out);
  }
  out += '}';
}

void Write(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::kNull:
      out += "null";
      return;
    case Node::Kind::kBool:
    case Node::Kind::kInteger:
    case Node::Kind::kFloat:
      out += node.text;
      return;
    case Node::Kind::kString:
      return WriteText(node.text, out);
    case Node::Kind::kList:
      return WriteList(node, out);
    case Node::Kind::kMap:
      return WriteMap(node, out);
  }
}

}  // namespace

std::string CanonicalJson(const Node& node) {
  std::string out;
  Write(node, out);
  return out;
}

}  // namespace podmirror::decode
