#include "operator/decode/schema.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "operator/decode/builder.h"
#include "operator/decode/syntax.h"

namespace podmirror::decode {
namespace {

std::string Wanted(const Schema& schema) {
  if (!schema.wanted.empty()) return std::string(schema.wanted);
  switch (schema.type) {
    case Schema::Type::kString:
      return schema.choices.empty() ? "a string" : Join(schema.choices);
    case Schema::Type::kInteger:
      return "a number from " + std::to_string(schema.minimum) + " to " + std::to_string(schema.maximum);
    case Schema::Type::kBool:
      return "true or false";
    case Schema::Type::kIntOrString:
      return "a number or a string";
    case Schema::Type::kList:
      return "a list";
    case Schema::Type::kObject:
    case Schema::Type::kStringMap:
      return "a map";
  }
  return "another value";
}

bool HasType(const Schema& schema, const Node& value) {
  switch (schema.type) {
    case Schema::Type::kString:
      return value.kind == Node::Kind::kString;
    case Schema::Type::kInteger:
      return value.kind == Node::Kind::kInteger;
    case Schema::Type::kBool:
      return value.kind == Node::Kind::kBool;
    case Schema::Type::kIntOrString:
      return value.kind == Node::Kind::kString || value.kind == Node::Kind::kInteger;
    case Schema::Type::kList:
      return value.kind == Node::Kind::kList;
    case Schema::Type::kObject:
    case Schema::Type::kStringMap:
      return value.kind == Node::Kind::kMap;
  }
  return false;
}

bool IsScalar(const Node& value) { return value.kind != Node::Kind::kList && value.kind != Node::Kind::kMap; }

class Validator {
 public:
  explicit Validator(std::vector<Found>& found) : found_(found) {}

  void Validate(const Schema& schema, const Node& value, const std::string& path) {
    const std::size_t before = found_.size();
    if (value.kind == Node::Kind::kNull) {
      Add(schema, value, path, "is empty", "write " + Wanted(schema) + ", or remove the field");
    } else if (!HasType(schema, value)) {
      AddWrongType(schema, value, path);
    } else {
      ValidateContent(schema, value, path);
    }
    if (found_.size() > before || schema.check == nullptr) return;
    if (std::optional<Fault> fault = schema.check(value)) {
      Add(schema, value, path + fault->field, std::move(fault->what), std::move(fault->fix));
    }
  }

 private:
  void Add(const Schema& schema, const Node& at, const std::string& path, std::string what, std::string fix) {
    found_.push_back({{std::move(what), Where(at.position, path), std::move(fix)}, schema.is_cidr});
  }

  void AddWrongType(const Schema& schema, const Node& value, const std::string& path) {
    std::string fix = "write " + Wanted(schema);
    if (schema.type == Schema::Type::kString && schema.choices.empty() && IsScalar(value)) {
      fix = "quote it: \"" + value.text + "\"";
    } else if (schema.type == Schema::Type::kInteger && value.kind == Node::Kind::kString && !value.text.empty() &&
               value.text.find_first_not_of("0123456789") == std::string::npos) {
      fix = "write " + value.text + " without quotes";
    } else if (schema.type == Schema::Type::kInteger && value.kind == Node::Kind::kFloat) {
      return Add(schema, value, path, value.text + " is not a whole number in range", std::move(fix));
    }
    const std::string is = IsScalar(value) ? Quote(value.text) + " is " : "is ";
    Add(schema, value, path, is + std::string(value.KindName()) + ", not " + Wanted(schema), std::move(fix));
  }

  void ValidateContent(const Schema& schema, const Node& value, const std::string& path) {
    switch (schema.type) {
      case Schema::Type::kInteger:
        if (value.integer < schema.minimum || value.integer > schema.maximum) {
          Add(schema, value, path, value.text + " is out of range", "write " + Wanted(schema));
        }
        return;
      case Schema::Type::kString:
        return ValidateString(schema, value, path);
      case Schema::Type::kList:
        return ValidateList(schema, value, path);
      case Schema::Type::kObject:
        return ValidateObject(schema, value, path);
      case Schema::Type::kStringMap:
        return ValidateStringMap(schema, value, path);
      case Schema::Type::kBool:
      case Schema::Type::kIntOrString:
        return;
    }
  }

  void ValidateString(const Schema& schema, const Node& value, const std::string& path) {
    if (!schema.choices.empty()) {
      if (std::find(schema.choices.begin(), schema.choices.end(), value.text) != schema.choices.end()) return;
      const std::optional<std::string_view> nearest = Nearest(value.text, schema.choices);
      Add(schema, value, path, Quote(value.text) + " is not one of " + Join(schema.choices, ", "),
          "write " + (nearest ? std::string(*nearest) : Join(schema.choices)));
      return;
    }
    const std::size_t length = CountCharacters(value.text);
    if (length > schema.max_length) {
      const std::string most = std::to_string(schema.max_length);
      Add(schema, value, path, "has " + std::to_string(length) + " characters, more than " + most,
          "shorten it to " + most);
    } else if (length < schema.min_length) {
      Add(schema, value, path, "is an empty string", "write " + Wanted(schema));
    }
  }

  void ValidateList(const Schema& schema, const Node& value, const std::string& path) {
    AddTooMany(schema, value, value.items.size(), path);
    // One fault says it; thousands of items would only repeat others.
    const std::size_t judged = std::min(value.items.size(), schema.max_items);
    for (std::size_t i = 0; i < judged; ++i) {
      Validate(schema.items.front(), value.items[i], path + "[" + std::to_string(i) + "]");
    }
    if (schema.list_type == Schema::ListType::kSet) FindRepeatedItems(schema, value, path);
    if (schema.list_type == Schema::ListType::kMap) FindRepeatedKeys(schema, value, path);
  }

  void FindRepeatedItems(const Schema& schema, const Node& value, const std::string& path) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const Node& item = value.items[i];
      if (item.kind != Node::Kind::kString || seen.insert(item.text).second) continue;
      Add(schema, item, path + "[" + std::to_string(i) + "]", Quote(item.text) + " stands twice in the list",
          "remove one of the two");
    }
  }

  void FindRepeatedKeys(const Schema& schema, const Node& value, const std::string& path) {
    std::map<std::int64_t, std::size_t> first;
    const std::string key(schema.key);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const Node* number = value.items[i].Find(key);
      if (number == nullptr || number->kind != Node::Kind::kInteger) continue;
      const auto [other, fresh] = first.emplace(number->integer, i);
      if (fresh) continue;
      Add(schema, *number, path + "[" + std::to_string(i) + "]." + key,
          key + " " + number->text + " is taken by " + path + "[" + std::to_string(other->second) + "]",
          "give it a " + key + " of its own");
    }
  }

  void ValidateObject(const Schema& schema, const Node& value, const std::string& path) {
    for (const auto& [name, member] : value.members) {
      const auto field = std::find_if(schema.fields.begin(), schema.fields.end(),
                                      [&key = name](const Field& known) { return known.name == key; });
      if (field != schema.fields.end()) {
        Validate(field->schema, member, path + "." + name);
        continue;
      }
      std::vector<std::string_view> known;
      known.reserve(schema.fields.size());
      for (const Field& other : schema.fields) known.push_back(other.name);
      found_.push_back(UnknownField(name, member, path, known, schema.later));
    }
    for (const Field& field : schema.fields) {
      if (!field.required || value.Find(field.name) != nullptr) continue;
      const std::string name(field.name);
      Add(field.schema, value, path + "." + name, "the field " + name + " is missing",
          "write " + name + ": " + Wanted(field.schema));
    }
  }

  void ValidateStringMap(const Schema& schema, const Node& value, const std::string& path) {
    AddTooMany(schema, value, value.members.size(), path);
    for (const auto& [name, member] : value.members) {
      Validate(schema.items.front(), member, path + "[" + Quote(name) + "]");
    }
  }

  void AddTooMany(const Schema& schema, const Node& value, std::size_t size, const std::string& path) {
    if (size <= schema.max_items) return;
    Add(schema, value, path, "has " + std::to_string(size) + " entries, more than " + std::to_string(schema.max_items),
        "keep at most " + std::to_string(schema.max_items));
  }

  std::vector<Found>& found_;
};

}  // namespace

std::string Where(Position position, const std::string& path) {
  const std::string at = ToString(position);
  return at.empty() || path.empty() ? at + path : at + " " + path;
}

Found UnknownField(std::string_view name, const Node& value, const std::string& path,
                   const std::vector<std::string_view>& known, const std::vector<std::string_view>& later) {
  const std::string shown = Quote(name);
  const std::string where = Where(value.position, (path.empty() ? "" : path + ".") + shown.substr(1, shown.size() - 2));
  if (std::find(later.begin(), later.end(), name) != later.end()) {
    return {{"this version does not have the field " + std::string(name) + " yet", where, "remove it"}};
  }
  std::string fix = "known fields: " + Join(known, ", ");
  if (const std::optional<std::string_view> nearest = Nearest(name, known)) {
    fix = "write " + std::string(*nearest) + " (" + fix + ")";
  }
  return {{"the field " + shown + " is not known", where, std::move(fix)}};
}

std::vector<Found> Validate(const Schema& schema, const Node& value, const std::string& path) {
  std::vector<Found> found;
  Validator(found).Validate(schema, value, path);
  return found;
}

}  // namespace podmirror::decode
