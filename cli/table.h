// What people read: verdicts and counters as tables and lines. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/join.h"
#include "cli/log.h"
#include "operator/status/reduce.h"

namespace podmirror::cli {

// Columns as wide as their widest cell, two spaces between them, nothing behind the last.
std::string Align(const std::vector<std::vector<std::string>>& rows);

// Sessions, targets and filters with what their conditions say; sources that fail; endpoints that are not ready.
std::string VerdictTable(const status::Status& status);

// VerdictTable, and the counters of sources and interfaces, and the law.
std::string StatusTable(const View& view);

// One line per object: what to say when it changes.
struct Line {
  Level level = Level::kInfo;
  std::string text;
  bool detail = false;  // of a source or an endpoint: said only where it fails, or does no longer

  bool operator==(const Line&) const = default;
};
std::map<std::string, Line> Lines(const status::Status& status);

// The lines to say when `before` has become `after`, "... is gone" included.
std::vector<Line> Changes(const std::map<std::string, Line>& before, const std::map<std::string, Line>& after);

}  // namespace podmirror::cli
