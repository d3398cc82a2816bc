// Hostile JSON read strictly: a text is parsed under bounds, then each value is asked for what it must be. The first
// fault stays, with its path; whoever reads goes on with default values and asks for the fault at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/result.h"

namespace podmirror::json {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxDepth = 8;    // our deepest message has 7: a port range of a rule
inline constexpr std::size_t kMaxFields = 16;  // of one object

// Refuses what is too long or too deep, duplicate keys, and text that is not UTF-8.
Result<Json> Parse(std::string_view text, std::size_t most_bytes);

// At most 64 bytes of a foreign text, in quotes, cut between characters.
std::string Quote(std::string_view text);

// A value and its way from the root.
class Value {
 public:
  Value(const Json& json, std::optional<Error>& fault) : json_(&json), fault_(&fault) {}
  Value(const Json& json, const Value& parent, std::string_view field)
      : json_(&json), fault_(parent.fault_), parent_(&parent), field_(field) {}
  Value(const Json& json, const Value& parent, std::size_t index)
      : json_(&json), fault_(parent.fault_), parent_(&parent), index_(index) {}

  const Json& json() const { return *json_; }
  std::string Path() const;  // "state.sources[3].ingress[0]"
  void Blame(std::string what, std::string fix = "") const;

  std::string Text(std::size_t most_bytes) const;
  std::int64_t Number(std::int64_t least, std::int64_t most) const;
  std::uint64_t Unsigned() const;

  // What a parser of contract/ says of it; where it fails, `otherwise`.
  template <typename T>
  T Parsed(const Result<T>& result, T otherwise = T{}) const {
    if (result.has_value()) return *result;
    Blame(result.error().what, result.error().fix);
    return otherwise;
  }

  // read(const Value&) for each element.
  template <typename Read>
  auto List(std::size_t most, Read read) const {
    std::vector<decltype(read(*this))> list;
    if (!json_->is_array()) {
      Blame("is not a list");
    } else if (json_->size() > most) {
      Blame("has " + std::to_string(json_->size()) + " elements, which is more than " + std::to_string(most));
    } else {
      list.reserve(json_->size());
      for (std::size_t i = 0; i < json_->size(); ++i) list.push_back(read(Value((*json_)[i], *this, i)));
    }
    return list;
  }

  // Strictly ascending by key(element): sorted, and nothing twice.
  template <typename List, typename Key>
  void CheckAscending(const List& list, Key key) const {
    for (std::size_t i = 1; i < list.size(); ++i) {
      if (key(list[i - 1]) < key(list[i])) continue;
      Value(*json_, *this, i).Blame("does not come after the element before it: the list is sorted, nothing is twice");
      return;
    }
  }

 private:
  const Json* json_;
  std::optional<Error>* fault_;
  const Value* parent_ = nullptr;
  std::string_view field_;  // empty: an element
  std::size_t index_ = 0;
};

// The fields of an object; at its end, whatever was not asked for is a fault.
class Fields {
 public:
  explicit Fields(const Value& value);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // read(const Value&), or the result's default where the field is absent: a fault.
  template <typename Read>
  auto Get(std::string_view name, Read read) {
    if (const Json* field = Find(name)) return read(Value(*field, value_, name));
    Missing(name);
    return decltype(read(value_)){};
  }

  template <typename Read>
  auto GetIfThere(std::string_view name, Read read) {
    std::optional<decltype(read(value_))> result;
    if (const Json* field = Find(name)) result = read(Value(*field, value_, name));
    return result;
  }

 private:
  const Json* Find(std::string_view name);
  void Missing(std::string_view name) const;

  const Value& value_;
  std::vector<std::string_view> asked_;
};

}  // namespace podmirror::json
