// The shape of a value: types, ranges, spellings, lengths, known fields. The specs of our kinds are described by it
// (kinds.h), the CRDs say the same in YAML (tests/crds compares them), and Validate() finds every fault of a document.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/result.h"
#include "operator/decode/node.h"

namespace podmirror::decode {

// What a Check found. `field` is a path below the value, such as ".protocol"; empty: the value itself.
struct Fault {
  std::string field;
  std::string what;
  std::string fix;
};

// Judges what the shape cannot say. Called only for values whose shape has no fault.
using Check = std::optional<Fault> (*)(const Node& value);

struct Field;

struct Schema {
  enum class Type : std::uint8_t { kString, kInteger, kBool, kIntOrString, kList, kObject, kStringMap };
  enum class ListType : std::uint8_t { kAtomic, kSet, kMap };

  Type type = Type::kString;
  std::string_view wanted;  // for messages: "a number from 1 to 5" is made, "a map such as {from: 443}" is not

  std::int64_t minimum = 0;  // kInteger
  std::int64_t maximum = 0;

  std::size_t min_length = 0;  // kString, in characters
  std::size_t max_length = 0;
  std::vector<std::string_view> choices;  // exact spellings; empty: any text
  std::string_view format;                // of OpenAPI

  std::vector<Field> fields;            // kObject
  std::vector<std::string_view> later;  // known names that this version has no field for

  std::vector<Schema> items;  // kList: exactly one. kStringMap: exactly one, of the values
  std::size_t max_items = 0;  // kList and kStringMap
  ListType list_type = ListType::kAtomic;
  std::string_view key;  // kMap: the integer field that tells the items apart

  std::string_view default_value;  // as YAML; empty: none
  Check check = nullptr;
  bool is_cidr = false;  // faults here have the reason BadCIDR
};

struct Field {
  std::string_view name;
  Schema schema;
  bool required = false;
};

struct Found {
  Error error;
  bool is_cidr = false;
};

// All faults of `value`, in the order of the document.
std::vector<Found> Validate(const Schema& schema, const Node& value, const std::string& path);

// "the field sourceCidr is not known; write sourceCIDR (known fields: ...)"
Found UnknownField(std::string_view name, const Node& value, const std::string& path,
                   const std::vector<std::string_view>& known, const std::vector<std::string_view>& later);

// "12:5 spec.ingress[0]"
std::string Where(Position position, const std::string& path);

}  // namespace podmirror::decode
