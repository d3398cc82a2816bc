#include "contract/json_value.h"

#include <algorithm>

namespace podmirror::json {
namespace {

constexpr std::size_t kShown = 64;  // bytes of a foreign text in an error
constexpr std::string_view kOtherVersion = "let operator and agent be of the same version";

// Builds the document and bounds it while it is read. Returning false ends the parser.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Result<Json> Take() {
    if (error_) return std::unexpected(std::move(*error_));
    return std::move(root_);
  }

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(number_integer_t value) override { return Put(value); }
  bool number_unsigned(number_unsigned_t value) override { return Put(value); }
  bool number_float(number_float_t value, const string_t&) override { return Put(value); }
  bool string(string_t& value) override { return Put(std::move(value)); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    Json& object = *open_.back();
    if (object.contains(name)) return Refuse("has the field " + Quote(name) + " twice");
    if (object.size() == kMaxFields) return Refuse("has more than " + std::to_string(kMaxFields) + " fields");
    key_ = std::move(name);
    return true;
  }

  // The library's own text quotes the input; ours says where.
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = Error{"is not JSON", "byte " + std::to_string(position), "send one JSON object in UTF-8"};
    return false;
  }

 private:
  bool Refuse(std::string what) {
    error_ = Error{std::move(what), Path(), ""};
    return false;
  }

  std::string Path() const {
    std::string path;
    for (std::size_t i = 1; i < open_.size(); ++i) {
      const Json& parent = *open_[i - 1];
      if (parent.is_array()) {
        path += "[" + std::to_string(parent.size() - 1) + "]";
        continue;
      }
      for (const auto& [name, child] : parent.items()) {
        if (&child == open_[i]) path += (path.empty() ? "" : ".") + name.substr(0, kShown);
      }
    }
    return path;
  }

  // Where the value has come to lie. Parents do not grow while a child of theirs is open, so pointers stay good.
  Json* Place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  bool Put(Json value) {
    Place(std::move(value));
    return true;
  }

  bool Open(Json value) {
    if (open_.size() == kMaxDepth) return Refuse("is nested more than " + std::to_string(kMaxDepth) + " deep");
    open_.push_back(Place(std::move(value)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> Parse(std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    return Fail("is " + std::to_string(text.size()) + " bytes long, which is more than " + std::to_string(most_bytes));
  }
  Builder builder;
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take();
}

std::string Quote(std::string_view text) {
  if (text.size() <= kShown) return '"' + std::string(text) + '"';
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
  return '"' + std::string(text.substr(0, end)) + "...\"";
}

std::string Value::Path() const {
  if (parent_ == nullptr) return "";
  const std::string before = parent_->Path();
  if (field_.empty()) return before + "[" + std::to_string(index_) + "]";
  return (before.empty() ? "" : before + ".") + std::string(field_);
}

void Value::Blame(std::string what, std::string fix) const {
  if (!fault_->has_value()) *fault_ = Error{std::move(what), Path(), std::move(fix)};
}

std::string Value::Text(std::size_t most_bytes) const {
  const auto* text = json_->get_ptr<const std::string*>();
  if (text == nullptr) {
    Blame("is not a text");
  } else if (text->size() > most_bytes) {
    Blame("is longer than " + std::to_string(most_bytes) + " bytes");
  } else {
    return *text;
  }
  return {};
}

std::int64_t Value::Number(std::int64_t least, std::int64_t most) const {
  // What needs the 64th bit is unsigned and in no range of ours.
  const bool huge = json_->is_number_unsigned() && json_->get<std::uint64_t>() > INT64_MAX;
  if (json_->is_number_integer() && !huge) {
    const auto number = json_->get<std::int64_t>();
    if (number >= least && number <= most) return number;
  }
  Blame("is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return least;
}

std::uint64_t Value::Unsigned() const {
  if (json_->is_number_unsigned()) return json_->get<std::uint64_t>();
  Blame("is not a whole number from 0 to 18446744073709551615");
  return 0;
}

Fields::Fields(const Value& value) : value_(value) {
  if (!value.json().is_object()) value.Blame("is not an object");
}

Fields::~Fields() {
  if (!value_.json().is_object()) return;
  for (const auto& [name, field] : value_.json().items()) {
    if (std::ranges::find(asked_, name) != asked_.end()) continue;
    value_.Blame("has an unknown field " + Quote(name), std::string(kOtherVersion));
    return;
  }
}

const Json* Fields::Find(std::string_view name) {
  asked_.push_back(name);
  if (!value_.json().is_object()) return nullptr;
  const auto found = value_.json().find(name);
  return found == value_.json().end() ? nullptr : &*found;
}

void Fields::Missing(std::string_view name) const {
  if (value_.json().is_object()) {
    value_.Blame("lacks the field \"" + std::string(name) + "\"", std::string(kOtherVersion));
  }
}

}  // namespace podmirror::json
