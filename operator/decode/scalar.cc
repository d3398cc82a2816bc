#include "operator/decode/scalar.h"

#include <algorithm>
#include <charconv>

namespace podmirror::decode {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool OneOf(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), text) != choices.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllOf(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string_view WithoutSign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

std::size_t CountDigits(std::string_view text) { return std::min(text.find_first_not_of(kDigits), text.size()); }

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool IsDecimal(std::string_view text) {
  text = WithoutSign(text);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    const std::size_t fraction = CountDigits(text);
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) return AllOf(WithoutSign(text.substr(1)), kDigits);
  return text.empty();
}

bool IsFloat(std::string_view text) {
  return IsDecimal(text) || OneOf(WithoutSign(text), {".inf", ".Inf", ".INF"}) || OneOf(text, {".nan", ".NaN", ".NAN"});
}

// Digits and base, if `text` is an integer.
struct Integer {
  std::string_view digits;
  int base = 0;
};

Integer SplitInteger(std::string_view text) {
  if (text.starts_with("0x") && AllOf(text.substr(2), "0123456789abcdefABCDEF")) return {text.substr(2), 16};
  if (text.starts_with("0o") && AllOf(text.substr(2), "01234567")) return {text.substr(2), 8};
  if (!AllOf(WithoutSign(text), kDigits)) return {};
  return {text.front() == '+' ? text.substr(1) : text, 10};
}

// 12:30:45, 190:20:30.15: numbers to the base 60 in YAML 1.1.
bool IsSexagesimal(std::string_view text) {
  const std::size_t first = CountDigits(text);
  if (first == 0 || text.front() == '0') return false;
  text.remove_prefix(first);
  if (text.empty() || text.front() != ':') return false;
  while (!text.empty() && text.front() == ':') {
    text.remove_prefix(1);
    const std::size_t digits = CountDigits(text);
    if (digits == 0 || digits > 2 || (digits == 2 && text.front() > '5')) return false;
    text.remove_prefix(digits);
  }
  return text.empty() || (text.front() == '.' && text.find_first_not_of("0123456789_", 1) == std::string_view::npos);
}

// 1_000, 0x_ff, 1_0.5: numbers in YAML 1.1, strings in YAML 1.2.
bool IsNumberWithUnderscores(std::string_view text) {
  if (text.find('_') == std::string_view::npos || text.empty() || !IsDigit(text.front())) return false;
  std::string bare(text);
  std::erase(bare, '_');
  return SplitInteger(bare).base != 0 || IsFloat(bare) || (bare.starts_with("0b") && AllOf(bare.substr(2), "01"));
}

}  // namespace

Node ResolvePlain(std::string_view text) {
  Node node;
  node.text = text;
  if (OneOf(text, {"", "~", "null", "Null", "NULL"})) return node;
  if (OneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
    node.kind = Node::Kind::kBool;
    node.boolean = text.front() == 't' || text.front() == 'T';
    return node;
  }
  if (const Integer integer = SplitInteger(text); integer.base != 0) {
    const char* end = integer.digits.data() + integer.digits.size();
    const bool fits = std::from_chars(integer.digits.data(), end, node.integer, integer.base).ec == std::errc();
    node.kind = fits ? Node::Kind::kInteger : Node::Kind::kFloat;
    return node;
  }
  node.kind = IsFloat(text) ? Node::Kind::kFloat : Node::Kind::kString;
  return node;
}

bool IsAmbiguous(std::string_view text) {
  if (OneOf(text, {"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"})) {
    return true;
  }
  const std::string_view bare = WithoutSign(text);
  if (bare.size() > 1 && bare.front() == '0' && AllOf(bare, kDigits)) return true;  // octal in 1.1
  if (bare.starts_with("0b") && AllOf(bare.substr(2), "01")) return true;
  if (bare.size() < text.size() && bare.starts_with("0x") && SplitInteger(bare).base != 0) return true;
  return IsNumberWithUnderscores(bare) || IsSexagesimal(bare);
}

}  // namespace podmirror::decode
