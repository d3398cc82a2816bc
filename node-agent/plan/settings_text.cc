#include "node-agent/plan/settings_text.h"

#include <charconv>
#include <optional>
#include <string>

namespace podmirror::plan {
namespace {

constexpr std::string_view kForms = "write a share such as 10%, a rate in bits per second such as 500M, or off";
constexpr std::uint64_t kMaxBitsPerSecond = 10'000'000'000'000;  // 10,000G

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

Result<NodeBudget> ParseNodeBudget(std::string_view text) {
  using Kind = NodeBudget::Kind;
  if (text == "off") return NodeBudget{Kind::kOff, 0};
  const auto wrong = [&](const std::string& what) {
    return Fail("\"" + std::string(text) + "\" " + what, "", std::string(kForms));
  };
  if (text.empty()) return wrong("says nothing");
  const char unit = text.back();
  const std::optional<std::uint64_t> number = ParseNumber(text.substr(0, text.size() - 1));
  if (unit == '%') {
    if (!number.has_value() || *number < 1 || *number > 100) return wrong("is not a share from 1% to 100%");
    return NodeBudget{Kind::kPercent, *number};
  }
  std::uint64_t factor = 0;
  if (unit == 'K') factor = 1'000;
  if (unit == 'M') factor = 1'000'000;
  if (unit == 'G') factor = 1'000'000'000;
  if (factor == 0) return wrong("has no unit that is known");
  if (!number.has_value()) return wrong("is not a whole number of " + std::string(1, unit) + "bit/s");
  if (*number == 0) return wrong("would let no copy pass");
  if (*number > kMaxBitsPerSecond / factor) return wrong("is more than 10000G");
  return NodeBudget{Kind::kRate, *number * factor};
}

Result<int> ParseSourcePortBits(std::string_view text) {
  const std::optional<std::uint64_t> bits = ParseNumber(text);
  if (bits.has_value() && *bits <= 14) return static_cast<int>(*bits);
  return Fail("\"" + std::string(text) + "\" is not a number from 0 to 14", "",
              "write 8 for up to 256 source ports, 0 for one");
}

}  // namespace podmirror::plan
