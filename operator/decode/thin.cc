#include "operator/decode/thin.h"

#include <algorithm>
#include <optional>

namespace podmirror::decode {
namespace {

constexpr std::string_view kOurs = "podmirror.io/";

// Steps over JSON without understanding more of it than brackets and quotes.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // The next character that is no blank; 0: the end.
  char Peek() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  // A string's bytes between its quotes.
  std::optional<std::string_view> TakeString() {
    if (Peek() != '"') return std::nullopt;
    const std::size_t begin = at_ + 1;
    if (!StepOverString()) return std::nullopt;
    return text_.substr(begin, at_ - 1 - begin);
  }
  // Any value, as it is written.
  std::optional<std::string_view> TakeValue() {
    const char first = Peek();
    const std::size_t begin = at_;
    const bool whole = first == '"' ? StepOverString() : first == '{' || first == '[' ? StepOverBrackets() : StepOver();
    if (!whole) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }
  Error Broken() const {
    return {"not valid JSON", "byte " + std::to_string(at_ + 1), "check the brackets, quotes and commas there"};
  }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  bool StepOverString() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, true;
      if (text_[at_] == '\\') ++at_;
    }
    at_ = text_.size();
    return false;
  }

  bool StepOverBrackets() {
    std::size_t open = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!StepOverString()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++open;
      if ((c == '}' || c == ']') && --open == 0) return true;
    }
    return false;
  }

  // A number or a word.
  bool StepOver() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !IsBlank(text_[at_]) && std::string_view(",:{}[]\"").find(text_[at_]) == text_.npos) {
      ++at_;
    }
    return at_ > begin;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Calls `each` with every member (or item, with an empty key) of the map or list that `scanner` stands before.
bool ForEach(Scanner& scanner, auto each) {
  const bool is_map = scanner.Peek() == '{';
  const char end = is_map ? '}' : ']';
  if (!scanner.Take(is_map ? '{' : '[')) return false;
  if (scanner.Take(end)) return true;
  do {
    std::optional<std::string_view> key = is_map ? scanner.TakeString() : std::string_view();
    if (!key || (is_map && !scanner.Take(':'))) return false;
    const std::optional<std::string_view> value = scanner.TakeValue();
    if (!value || !each(*key, *value)) return false;
  } while (scanner.Take(','));
  return scanner.Take(end);
}

bool KeepsAll(const Shape& shape) { return shape.fields.empty() && shape.rest == Shape::Rest::kKeep; }

bool ThinContainer(std::string_view json, const Shape& shape, std::string& out);

bool ThinValue(std::string_view json, const Shape& shape, std::string& out) {
  if (!KeepsAll(shape) && !json.empty() && (json.front() == '{' || json.front() == '[')) {
    return ThinContainer(json, shape, out);
  }
  out += json;
  return true;
}

// nullptr: falls away.
const Shape* ShapeOf(const Shape& map, std::string_view key) {
  static const Shape everything{{}, Shape::Rest::kKeep};
  for (const Shape::Field& field : map.fields) {
    if (field.name == key) return field.drop ? nullptr : &field.shape;
  }
  if (map.rest == Shape::Rest::kDrop) return nullptr;
  return map.rest == Shape::Rest::kKeep || key.starts_with(kOurs) ? &everything : nullptr;
}

// Lists in lists are kept whole: so the depth of the recursion is the shape's.
bool ThinContainer(std::string_view json, const Shape& shape, std::string& out) {
  Scanner scanner(json);
  const bool is_map = json.front() == '{';
  out += json.front();
  bool first = true;
  const bool whole = ForEach(scanner, [&](std::string_view key, std::string_view value) {
    static const Shape everything{{}, Shape::Rest::kKeep};
    const Shape* kept = is_map ? ShapeOf(shape, key) : value.front() == '{' ? &shape : &everything;
    if (kept == nullptr) return true;
    if (!std::exchange(first, false)) out += ',';
    if (is_map) (out += '"').append(key).append("\":");
    return ThinValue(value, *kept, out);
  });
  out += is_map ? '}' : ']';
  return whole;
}

}  // namespace

Result<std::string> Thin(std::string_view json, const Shape& shape) {
  Scanner scanner(json);
  const std::optional<std::string_view> value = scanner.TakeValue();
  std::string out;
  if (!value || scanner.Peek() != '\0') return std::unexpected(scanner.Broken());
  if (!ThinValue(*value, shape, out)) {
    return Fail("not valid JSON", "", "check the brackets, quotes and commas");
  }
  return out;
}

Result<std::vector<Part>> Split(std::string_view json) {
  Scanner scanner(json);
  std::vector<Part> parts;
  const bool whole = ForEach(scanner, [&](std::string_view key, std::string_view value) {
    parts.push_back({key, value});
    return true;
  });
  if (!whole || scanner.Peek() != '\0') return std::unexpected(scanner.Broken());
  return parts;
}

}  // namespace podmirror::decode
