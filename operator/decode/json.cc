#include <nlohmann/json.hpp>

#include <limits>
#include <optional>
#include <utility>

#include "operator/decode/builder.h"
#include "operator/decode/node.h"

namespace podmirror::decode {
namespace {

using Json = nlohmann::json;

// The parser calls these and stops where one returns false.
class Events : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add({}); }
  bool boolean(bool value) override {
    Node node;
    node.kind = Node::Kind::kBool;
    node.boolean = value;
    node.text = value ? "true" : "false";
    return Add(std::move(node));
  }
  bool number_integer(number_integer_t value) override { return AddInteger(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return AddInteger(static_cast<std::int64_t>(value));
    }
    return AddText(Node::Kind::kFloat, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& written) override { return AddText(Node::Kind::kFloat, written); }
  bool string(string_t& value) override { return AddText(Node::Kind::kString, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Keep(builder_.Open(Node::Kind::kMap, {})); }
  bool key(string_t& value) override { return Keep(builder_.Key(std::move(value), {})); }
  bool end_object() override { return Keep(builder_.Close()); }
  bool start_array(std::size_t) override { return Keep(builder_.Open(Node::Kind::kList, {})); }
  bool end_array() override { return Keep(builder_.Close()); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = Error{"not valid JSON", "byte " + std::to_string(position), "check the brackets, quotes and commas there"};
    return false;
  }

  Result<Node> Finish() {
    if (error_) return std::unexpected(*error_);
    return builder_.Take();
  }

 private:
  bool Keep(Result<void> result) {
    if (result) return true;
    error_ = std::move(result.error());
    return false;
  }
  bool Add(Node node) { return Keep(builder_.Scalar(std::move(node))); }
  bool AddText(Node::Kind kind, std::string text) {
    Node node;
    node.kind = kind;
    node.text = std::move(text);
    return Add(std::move(node));
  }
  bool AddInteger(std::int64_t value) {
    Node node;
    node.kind = Node::Kind::kInteger;
    node.integer = value;
    node.text = std::to_string(value);
    return Add(std::move(node));
  }

  NodeBuilder builder_;
  std::optional<Error> error_;
};

}  // namespace

Result<Node> ReadJson(std::string_view text) {
  Events events;
  try {
    Json::sax_parse(text, &events);
  } catch (const std::exception& exception) {
    return Fail(std::string("not valid JSON: ") + exception.what());
  }
  return events.Finish();
}

}  // namespace podmirror::decode
