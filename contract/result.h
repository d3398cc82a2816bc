// Result<T>: how every room reports failure. No exception crosses a room's border.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace podmirror {

// What a person needs to mend a fault: what is wrong, where, and what to write or do instead.
// `where` names a file with line and column, or an object and field, or a device. `fix` may be empty
// where nothing sensible can be advised.
struct Error {
  std::string what;
  std::string where;
  std::string fix;

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(std::string what, std::string where = "", std::string fix = "") {
  return std::unexpected(Error{std::move(what), std::move(where), std::move(fix)});
}

// One line for a log or a terminal: "where: what; fix".
inline std::string Describe(const Error& error) {
  std::string text = error.where.empty() ? error.what : error.where + ": " + error.what;
  if (!error.fix.empty()) text += "; " + error.fix;
  return text;
}

}  // namespace podmirror
