// No field of our kinds is decoration: for each one fields/changes.yaml changes its value in fields/base.in.yaml, and
// what is compiled changes with it. fields/changes.out.txt shows how.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "operator/decode/kinds.h"
#include "tests/golden/compile/case.h"

namespace podmirror::golden {
namespace {

using decode::Node;

std::string File(const std::string& name) { return std::string(kFolder) + "/fields/" + name; }

std::vector<Node> Read(const std::string& path) {
  auto documents = decode::ReadYaml(ReadFile(path));
  EXPECT_TRUE(documents) << path << ": " << Describe(documents.error());
  return documents.value_or(std::vector<Node>());
}

std::string TextAt(const Node& node, std::string_view key) {
  const Node* found = node.Find(key);
  return found == nullptr ? "" : found->text;
}

// ---- Changing one field

struct Change {
  std::string kind;
  std::string name;   // of the object
  std::string field;  // spec.ingress[0].action
  Node value;

  std::string Title() const { return kind + " " + name + ": " + field; }
};

std::vector<Change> ReadChanges() {
  std::vector<Change> changes;
  for (const Node& document : Read(File("changes.yaml"))) {
    for (const Node& item : document.items) {
      const Node* value = item.Find("value");
      EXPECT_NE(value, nullptr) << TextAt(item, "field");
      changes.push_back({TextAt(item, "kind"), TextAt(item, "name"), TextAt(item, "field"), *value});
    }
  }
  return changes;
}

Node& Member(Node& node, const std::string& key) {
  for (auto& [name, member] : node.members) {
    if (name == key) return member;
  }
  node.kind = Node::Kind::kMap;
  return node.members.emplace_back(key, Node()).value;
}

// Follows a path like spec.ingress[0].action; what is not there is made.
Node& At(Node& root, const std::string& path) {
  Node* node = &root;
  std::istringstream steps(path);
  for (std::string step; std::getline(steps, step, '.');) {
    const std::size_t bracket = step.find('[');
    node = &Member(*node, step.substr(0, bracket));
    if (bracket != std::string::npos) node = &node->items.at(std::stoul(step.substr(bracket + 1)));
  }
  return *node;
}

std::vector<Node> Changed(std::vector<Node> documents, const Change& change) {
  for (Node& document : documents) {
    const Node* meta = document.Find("metadata");
    if (meta == nullptr || TextAt(document, "kind") != change.kind || TextAt(*meta, "name") != change.name) continue;
    At(document, change.field) = change.value;
    return documents;
  }
  ADD_FAILURE() << "no such object: " << change.Title();
  return documents;
}

// ---- Showing what it did

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string Trimmed(const std::string& line) { return line.substr(std::min(line.find_first_not_of(' '), line.size())); }

// Removed and added lines by the longest common subsequence.
std::string Diff(const std::string& before, const std::string& after) {
  const auto a = Lines(before), b = Lines(after);
  std::vector common(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string text;
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      text += "  - " + Trimmed(a[i++]) + "\n";
    } else {
      text += "  + " + Trimmed(b[j++]) + "\n";
    }
  }
  return text;
}

// ---- The fields that there are

// The leaves of a schema: spec.ingress[].sourcePorts.from. A list or map of plain values is one leaf.
void AddLeaves(const decode::Schema& schema, const std::string& path, std::set<std::string>& leaves) {
  using Type = decode::Schema::Type;
  if (schema.type == Type::kObject) {
    for (const decode::Field& field : schema.fields) {
      AddLeaves(field.schema, path + "." + std::string(field.name), leaves);
    }
  } else if (schema.type == Type::kList && schema.items.at(0).type == Type::kObject) {
    AddLeaves(schema.items.at(0), path + "[]", leaves);
  } else if (!path.ends_with(".description")) {  // words for people: nothing obeys them
    leaves.insert(path);
  }
}

// "TrafficMirrorFilter spec.ingress[].action" for every field that the decoder knows; tests/crds proves that the CRDs
// have the same.
std::set<std::string> KnownFields() {
  std::set<std::string> fields;
  AddLeaves(decode::FilterSchema(), "TrafficMirrorFilter spec", fields);
  AddLeaves(decode::TargetSchema(), "TrafficMirrorTarget spec", fields);
  AddLeaves(decode::SessionSchema(), "TrafficMirrorSession spec", fields);
  return fields;
}

// spec.ingress[0].action -> spec.ingress[].action
std::string WithoutIndices(const std::string& field) {
  std::string text;
  for (const char c : field) {
    if (c < '0' || c > '9') text += c;
  }
  return text;
}

TEST(Fields, EveryFieldOfTheThreeKindsHasAChange) {
  std::set<std::string> changed;
  for (const Change& change : ReadChanges()) {
    if (change.field.starts_with("spec.")) changed.insert(change.kind + " " + WithoutIndices(change.field));
  }
  EXPECT_EQ(changed, KnownFields());
  EXPECT_GE(changed.size(), 35u);
}

TEST(Fields, ChangingAFieldChangesTheDesiredStateOrAVerdict) {
  const std::vector<Node> base = Read(File("base.in.yaml"));
  const auto before = CompileCase(base);
  ASSERT_TRUE(before) << Describe(before.error());
  std::string shown;
  for (const Change& change : ReadChanges()) {
    const auto after = CompileCase(Changed(base, change));
    ASSERT_TRUE(after) << change.Title() << ": " << Describe(after.error());
    const std::string diff = Diff(*before, *after);
    EXPECT_NE(diff, "") << change.Title() << " changes nothing";
    EXPECT_EQ(after->find("Invalid"), std::string::npos) << change.Title() << " is a valid value:\n" << diff;
    shown += change.Title() + "\n" + diff + "\n";
  }
  EXPECT_EQ(Check(File("changes.out.txt"), shown), "");
}

}  // namespace
}  // namespace podmirror::golden
