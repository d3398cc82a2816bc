#include "contract/names.h"

#include <cstdio>
#include <optional>

namespace podmirror {
namespace {

using std::chrono::milliseconds;

// Takes characters off the front; once something does not fit, nothing fits any more.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }

  // One of `choices`.
  char Take(std::string_view choices) {
    if (!ok_ || text_.empty() || choices.find(text_.front()) == std::string_view::npos) {
      ok_ = false;
      return '\0';
    }
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  // Exactly `digits` digits whose value lies in the range.
  int Number(int digits, int lowest, int highest) {
    int value = 0;
    for (int i = 0; i < digits; ++i) value = value * 10 + (Take("0123456789") - '0');
    if (value < lowest || value > highest) ok_ = false;
    return ok_ ? value : 0;
  }

  // ".123456": at least one digit; what is finer than a millisecond is dropped.
  milliseconds Fraction() {
    Take(".");
    int value = Number(1, 0, 9) * 100;
    for (int scale = 10; ok_ && front() >= '0' && front() <= '9'; scale /= 10) value += Number(1, 0, 9) * scale;
    return milliseconds(value);
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// "Z" or "+hh:mm": what local time is ahead of UTC.
std::chrono::minutes Offset(Scanner& scanner) {
  const char sign = scanner.Take("Zz+-");
  if (sign != '+' && sign != '-') return {};
  const int hours = scanner.Number(2, 0, 23);
  scanner.Take(":");
  const std::chrono::minutes ahead(hours * 60 + scanner.Number(2, 0, 59));
  return sign == '+' ? ahead : -ahead;
}

std::optional<Instant> Scan(std::string_view text) {
  Scanner scanner(text);
  const std::chrono::year year(scanner.Number(4, 0, 9999));
  scanner.Take("-");
  const std::chrono::month month(static_cast<unsigned>(scanner.Number(2, 1, 12)));
  scanner.Take("-");
  const std::chrono::day day(static_cast<unsigned>(scanner.Number(2, 1, 31)));
  scanner.Take("Tt");
  const std::chrono::hours hours(scanner.Number(2, 0, 23));
  scanner.Take(":");
  const std::chrono::minutes minutes(scanner.Number(2, 0, 59));
  scanner.Take(":");
  const std::chrono::seconds seconds(scanner.Number(2, 0, 59));
  const milliseconds fraction = scanner.front() == '.' ? scanner.Fraction() : milliseconds(0);
  const std::chrono::minutes ahead = Offset(scanner);
  const std::chrono::year_month_day date(year, month, day);
  if (!scanner.done() || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + hours + minutes + seconds + fraction - ahead;
}

}  // namespace

std::optional<ObjectKey> ParseObjectKey(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ObjectKey key{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  if (key.ns.empty() || key.name.empty() || key.name.contains('/')) return std::nullopt;
  return key;
}

Result<Instant> ParseInstant(std::string_view text) {
  const std::optional<Instant> instant = Scan(text);
  if (instant) return *instant;
  return Fail('"' + std::string(text.substr(0, 64)) + "\" is not a time", "",
              "write it as in RFC 3339, for example 2026-12-01T00:00:00Z");
}

std::string FormatInstant(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> time(instant - day);
  char text[64];
  int used = std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                           static_cast<int>(time.seconds().count()));
  const int fraction = static_cast<int>(time.subseconds().count());
  if (fraction != 0) used += std::snprintf(text + used, sizeof(text) - used, ".%03d", fraction);
  return std::string(text, used) + "Z";
}

}  // namespace podmirror
