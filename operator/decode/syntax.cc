#include "operator/decode/syntax.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace podmirror::decode {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// Labels of a subdomain have no bound of their own in Kubernetes.
bool IsLabelOfAnyLength(std::string_view text) {
  const auto ends = [](char c) { return IsLower(c) || IsDigit(c); };
  return !text.empty() && ends(text.front()) && ends(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return ends(c) || c == '-'; });
}

bool IsQualifiedName(std::string_view text) {
  const auto ends = [](char c) { return IsLower(c) || IsUpper(c) || IsDigit(c); };
  return !text.empty() && text.size() <= 63 && ends(text.front()) && ends(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return ends(c) || c == '-' || c == '_' || c == '.'; });
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

// Levenshtein.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

bool IsDnsLabel(std::string_view text) { return text.size() <= 63 && IsLabelOfAnyLength(text); }

bool IsDnsSubdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (std::size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (!IsLabelOfAnyLength(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return IsLabelOfAnyLength(text);
}

bool IsLabelKey(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsQualifiedName(text);
  return IsDnsSubdomain(text.substr(0, slash)) && IsQualifiedName(text.substr(slash + 1));
}

bool IsLabelValue(std::string_view text) { return text.empty() || IsQualifiedName(text); }

std::string Quote(std::string_view text) {
  constexpr std::size_t kShown = 64;
  if (text.size() <= kShown) return '"' + std::string(text) + '"';
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return '"' + std::string(text.substr(0, end)) + "...\"";
}

std::string Join(std::span<const std::string_view> words, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : ", ";
    text += words[i];
  }
  return text;
}

std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> words) {
  if (word.size() > 64) return std::nullopt;
  const std::string lower = LowerCase(word);
  std::optional<std::string_view> nearest;
  std::size_t least = 3;
  for (const std::string_view candidate : words) {
    const std::size_t distance = Distance(lower, LowerCase(candidate));
    if (distance < least && distance < candidate.size() / 2 + 1 && distance < word.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::size_t CountCharacters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace podmirror::decode
