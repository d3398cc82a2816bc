// The CRDs say what the decoder says: the same fields, types, ranges, lengths, spellings and defaults, in both
// directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/crds/crd.h"

namespace podmirror::crds {
namespace {

using decode::Field;
using decode::Node;
using decode::Schema;
using Words = std::set<std::string>;

Words Texts(const Node& list) {
  Words words;
  for (const Node& item : list.items) words.insert(item.text);
  return words;
}

Words Keys(const Node& map) {
  Words words;
  for (const auto& [key, value] : map.members) words.insert(key);
  return words;
}

std::string Number(std::size_t number) { return std::to_string(number); }

// Keywords of a CRD's schema that can stand beside a type, and what the decoder's schema makes of them.
class Comparison {
 public:
  void Compare(const Schema& schema, const Node& crd, const std::string& path) {
    SCOPED_TRACE(path);
    ++compared_;
    Words expected = {"description"};
    const auto expect = [&](const std::string& keyword, const std::string& value, bool present) {
      if (!present) return;
      expected.insert(keyword);
      EXPECT_EQ(At(crd, keyword).text, value) << keyword;
    };
    expect("type", TypeName(schema), schema.type != Schema::Type::kIntOrString);
    expect("x-kubernetes-int-or-string", "true", schema.type == Schema::Type::kIntOrString);
    expect("default", std::string(schema.default_value), !schema.default_value.empty());

    const bool integer = schema.type == Schema::Type::kInteger;
    expect("minimum", std::to_string(schema.minimum), integer);
    expect("maximum", std::to_string(schema.maximum), integer);
    expect("format", integer ? "int32" : std::string(schema.format), integer || !schema.format.empty());

    const bool text = schema.type == Schema::Type::kString && schema.choices.empty();
    expect("maxLength", Number(schema.max_length), text);
    expect("minLength", Number(schema.min_length), schema.min_length > 0);
    if (!schema.choices.empty()) {
      expected.insert("enum");
      EXPECT_EQ(Texts(At(crd, "enum")), Words(schema.choices.begin(), schema.choices.end()));
    }
    if (schema.type == Schema::Type::kList) CompareList(schema, crd, path, expected);
    if (schema.type == Schema::Type::kObject) CompareObject(schema, crd, path, expected);
    if (schema.type == Schema::Type::kStringMap) {
      expect("maxProperties", Number(schema.max_items), true);
      expected.insert("additionalProperties");
      Compare(schema.items.front(), At(crd, "additionalProperties"), path + ".*");
    }
    // Rules in CEL and atomic maps have no shape to compare: the rules have tests of their own.
    Words found = Keys(crd);
    found.erase("x-kubernetes-validations");
    found.erase("x-kubernetes-map-type");
    EXPECT_EQ(found, expected);
    CompareDescription(schema, At(crd, "description").text);
  }

  int compared() const { return compared_; }

 private:
  static std::string TypeName(const Schema& schema) {
    switch (schema.type) {
      case Schema::Type::kString:
        return "string";
      case Schema::Type::kInteger:
        return "integer";
      case Schema::Type::kBool:
        return "boolean";
      case Schema::Type::kList:
        return "array";
      case Schema::Type::kObject:
      case Schema::Type::kStringMap:
        return "object";
      case Schema::Type::kIntOrString:
        return "";
    }
    return "?";
  }

  void CompareList(const Schema& schema, const Node& crd, const std::string& path, Words& expected) {
    constexpr const char* kListTypes[] = {"atomic", "set", "map"};
    expected.insert({"items", "maxItems", "x-kubernetes-list-type"});
    EXPECT_EQ(At(crd, "maxItems").text, Number(schema.max_items));
    EXPECT_EQ(At(crd, "x-kubernetes-list-type").text, kListTypes[static_cast<int>(schema.list_type)]);
    if (schema.list_type == Schema::ListType::kMap) {
      expected.insert("x-kubernetes-list-map-keys");
      EXPECT_EQ(Texts(At(crd, "x-kubernetes-list-map-keys")), Words{std::string(schema.key)});
    }
    Compare(schema.items.front(), At(crd, "items"), path + "[]");
  }

  void CompareObject(const Schema& schema, const Node& crd, const std::string& path, Words& expected) {
    Words names, required;
    for (const Field& field : schema.fields) {
      names.insert(std::string(field.name));
      if (field.required) required.insert(std::string(field.name));
    }
    expected.insert("properties");
    if (!required.empty()) expected.insert("required");
    EXPECT_EQ(Keys(At(crd, "properties")), names);
    EXPECT_EQ(Texts(At(crd, "required")), required);
    for (const std::string_view later : schema.later) EXPECT_FALSE(names.contains(std::string(later)));
    for (const Field& field : schema.fields) {
      const Node& property = At(At(crd, "properties"), field.name);
      Compare(field.schema, property, path + "." + std::string(field.name));
      if (!field.required) ExpectSaid(property, field.schema.default_value.empty() ? "Absent: " : "Default: ", path);
    }
  }

  static void ExpectSaid(const Node& crd, const std::string& words, const std::string& path) {
    EXPECT_NE(At(crd, "description").text.find(words), std::string::npos)
        << path << ": a description without \"" << words << "\": " << At(crd, "description").text;
  }

  // What a user of `kubectl explain` cannot see elsewhere stands in the description.
  static void CompareDescription(const Schema& schema, const std::string& description) {
    EXPECT_GE(description.size(), 20u) << description;
    std::vector<std::string> said;
    if (schema.type == Schema::Type::kInteger) {
      said.push_back("from " + std::to_string(schema.minimum) + " to " + std::to_string(schema.maximum));
    }
    if (schema.type == Schema::Type::kString && schema.choices.empty()) {
      const std::string most = Number(schema.max_length) + " characters";
      said.push_back(schema.min_length > 0 ? "from " + Number(schema.min_length) + " to " + most : "at most " + most);
    }
    if (schema.type == Schema::Type::kList || schema.type == Schema::Type::kStringMap) {
      said.push_back("at most " + Number(schema.max_items));
    }
    for (const std::string_view choice : schema.choices) said.emplace_back(choice);
    if (!schema.default_value.empty()) said.push_back("Default: " + std::string(schema.default_value));
    for (const std::string& words : said) {
      EXPECT_NE(description.find(words), std::string::npos) << "\"" << words << "\" is not in: " << description;
    }
  }

  int compared_ = 0;
};

TEST(Crds, SayWhatTheDecoderSays) {
  Comparison comparison;
  for (const Crd& crd : ReadCrds()) comparison.Compare(*crd.schema, crd.Property("spec"), crd.kind + " spec");
  EXPECT_GT(comparison.compared(), 60);
}

// Everything below `status` is described too; nobody decodes it but for a session's virtualNetworkID.
void ExpectDescribed(const Node& node, const std::string& path) {
  const Node* description = node.Find("description");
  EXPECT_TRUE(description != nullptr && description->text.size() >= 20) << path;
  for (const auto& [name, property] : At(node, "properties").members) ExpectDescribed(property, path + "." + name);
  if (const Node* items = node.Find("items")) ExpectDescribed(*items, path + "[]");
}

TEST(Crds, DescribeEveryFieldOfTheStatus) {
  for (const Crd& crd : ReadCrds()) ExpectDescribed(crd.Property("status"), crd.kind + " status");
}

// Without bounds the estimated cost of the rules is beyond what the API server allows.
void ExpectBounded(const Node& node, const std::string& path) {
  const std::string& type = At(node, "type").text;
  const auto has = [&](const char* keyword) { return node.Find(keyword) != nullptr; };
  EXPECT_TRUE(type != "string" || has("maxLength") || has("enum")) << path;
  EXPECT_TRUE(type != "array" || has("maxItems")) << path;
  EXPECT_TRUE(!has("additionalProperties") || has("maxProperties")) << path;
  for (const auto& [name, property] : At(node, "properties").members) ExpectBounded(property, path + "." + name);
  for (const char* below : {"items", "additionalProperties"}) {
    if (const Node* child = node.Find(below)) ExpectBounded(*child, path + "." + below);
  }
}

TEST(Crds, BoundEveryStringAndList) {
  for (const Crd& crd : ReadCrds()) {
    ExpectBounded(crd.Property("spec"), crd.kind + " spec");
    ExpectBounded(crd.Property("status"), crd.kind + " status");
  }
}

}  // namespace
}  // namespace podmirror::crds
