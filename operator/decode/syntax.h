// The syntax of names and labels in Kubernetes, and the wording that messages share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace podmirror::decode {

bool IsDnsLabel(std::string_view text);  // RFC 1123: at most 63 of a-z, 0-9, '-'
bool IsDnsSubdomain(
    std::string_view text);                // RFC 1123: labels joined by '.', at most 253 (Kubernetes bounds the whole)
bool IsLabelKey(std::string_view text);    // [subdomain "/"] name of at most 63
bool IsLabelValue(std::string_view text);  // empty, or as the name of a key

// In quotes; long texts are cut.
std::string Quote(std::string_view text);
// "a, b or c"
std::string Join(std::span<const std::string_view> words, std::string_view last = " or ");
// The word that was probably meant: equal but for case, or at most two letters off.
std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> words);

std::size_t CountCharacters(std::string_view utf8);

}  // namespace podmirror::decode
