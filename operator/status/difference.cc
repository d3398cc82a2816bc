#include "operator/status/difference.h"

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace podmirror::status {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kUndeclared = ": field not declared in schema";

// An object, whatever stands there: a status that nobody can read is as good as none.
Json ParseObject(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

std::string StringAt(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// By type: the list is a map to the API server, its order says nothing.
std::map<std::string, Json> ByType(const Json& status) {
  std::map<std::string, Json> conditions;
  const auto list = status.find("conditions");
  if (list == status.end() || !list->is_array()) return conditions;
  for (const Json& condition : *list) conditions[StringAt(condition, "type")] = condition;
  return conditions;
}

bool Same(Json known, const Json& wanted) {
  if (!known.is_object()) return false;
  known.erase("lastTransitionTime");
  return known == wanted;
}

// Whole seconds: metav1.Time has no fractions.
std::string Stamp(Instant now) { return FormatInstant(std::chrono::floor<std::chrono::seconds>(now)); }

// Stamps each wanted condition; true where one is not as it is known.
bool StampConditions(const std::map<std::string, Json>& known, Json& wanted, Instant now) {
  bool differs = false;
  if (!wanted.is_array()) return differs;
  for (Json& condition : wanted) {
    const auto before = known.find(StringAt(condition, "type"));
    const bool is_known = before != known.end();
    differs = differs || !is_known || !Same(before->second, condition);
    const bool kept = is_known && StringAt(before->second, "status") == StringAt(condition, "status");
    std::string since = kept ? StringAt(before->second, "lastTransitionTime") : "";
    condition["lastTransitionTime"] = since.empty() ? Stamp(now) : std::move(since);
  }
  return differs;
}

// Removes the field at `path` ("a.b") of an object, or of each object of a list.
void Remove(Json& json, std::string_view path) {
  if (json.is_array()) {
    for (Json& item : json) Remove(item, path);
    return;
  }
  if (!json.is_object()) return;
  const std::size_t dot = path.find('.');
  const auto found = json.find(std::string(path.substr(0, dot)));
  if (found == json.end()) return;
  if (dot == std::string_view::npos) {
    json.erase(found);
  } else {
    Remove(*found, path.substr(dot + 1));
  }
}

std::string WithoutIndices(std::string_view path) {
  std::string plain;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) plain += c;
    if (c == ']') inside = false;
  }
  return plain;
}

}  // namespace

std::optional<std::string> Difference(const std::string& known, const std::string& wanted, Instant now) {
  Json before = ParseObject(known);
  Json after = ParseObject(wanted);
  const bool conditions_differ = StampConditions(ByType(before), after["conditions"], now);
  before.erase("conditions");
  Json rest = after;
  rest.erase("conditions");
  if (!conditions_differ && before == rest) return std::nullopt;
  return after.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::int64_t> ObservedGeneration(const std::string& status) {
  const Json json = ParseObject(status);
  const auto found = json.find("observedGeneration");
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::set<std::string> UndeclaredFields(std::string_view message) {
  static constexpr std::string_view kRoot = ".status.";
  std::set<std::string> fields;
  for (;;) {
    const std::size_t end = message.find(kUndeclared);
    if (end == std::string_view::npos) return fields;
    // A path has no blanks, but for those in keys of a list; the last ".status." before its end begins it.
    if (const std::size_t begin = message.substr(0, end).rfind(kRoot); begin != std::string_view::npos) {
      fields.insert(WithoutIndices(message.substr(begin + kRoot.size(), end - begin - kRoot.size())));
    }
    message.remove_prefix(end + kUndeclared.size());
  }
}

std::string Without(const std::string& status, const std::set<std::string>& fields) {
  Json json = ParseObject(status);
  for (const std::string& field : fields) Remove(json, field);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace podmirror::status
